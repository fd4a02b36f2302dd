using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>A chat completion request that was found good: what the mesh is asked for, and how the answer is written.</summary>
/// <param name="Generate">Every field of its sampling is set.</param>
/// <param name="Stream">The answer is a stream of events.</param>
/// <param name="IncludeUsage">The stream ends with an event that counts tokens.</param>
/// <param name="IncludeObfuscation">Events are padded, so that their sizes on the wire say less about their text.</param>
internal sealed record ChatRequest(GenerateRequest Generate, bool Stream, bool IncludeUsage, bool IncludeObfuscation);
