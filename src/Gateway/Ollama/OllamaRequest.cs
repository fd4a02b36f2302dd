using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Ollama;

/// <summary>A request for an answer that was found good.</summary>
/// <param name="IsLoad">Nothing is asked: the model is to be made ready, which it always is.</param>
internal sealed record OllamaRequest(GenerateRequest Generate, bool IsStreamed, bool IsLoad);
