using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>A chat completion request that was found good: what the mesh is asked for, and how the answer is written.</summary>
/// <param name="Generate">Every field of its sampling is set.</param>
/// <param name="Stream">Null: the answer is one object.</param>
internal sealed record ChatRequest(GenerateRequest Generate, StreamOptions? Stream);
