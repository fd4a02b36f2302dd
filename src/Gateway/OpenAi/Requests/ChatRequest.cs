using System.Collections.Generic;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>A chat completion request that was found good: what the mesh is asked for, and how the answer is written.</summary>
/// <param name="Generate">Every field of its sampling is set.</param>
/// <param name="Stream">Null: the answer is one object.</param>
/// <param name="Stored">
/// What is repeated of the request later: JSON by the name of the field. Null: the completion isn't kept.
/// </param>
/// <param name="CacheKey">What the client says belongs together, or empty.</param>
internal sealed record ChatRequest(
    GenerateRequest Generate, StreamOptions? Stream, IReadOnlyDictionary<string, string>? Stored, string CacheKey);
