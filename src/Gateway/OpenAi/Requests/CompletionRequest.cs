using System.Collections.Generic;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>A completion request that was found good.</summary>
/// <param name="Generate">One for each prompt; they differ in nothing else.</param>
/// <param name="Stream">Null: the answer is one object.</param>
/// <param name="CacheKey">What the client says belongs together, or empty.</param>
internal sealed record CompletionRequest(IReadOnlyList<GenerateRequest> Generate, StreamOptions? Stream, string CacheKey);
