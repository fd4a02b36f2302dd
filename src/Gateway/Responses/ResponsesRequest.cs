using System.Collections.Generic;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Responses;

/// <summary>A request for a response that was found good, but for what only earlier responses tell.</summary>
/// <param name="Generate">Its messages hold the instructions and the whole conversation.</param>
/// <param name="Stream">Null: the answer is one object.</param>
internal sealed record ResponsesRequest(GenerateRequest Generate, StreamOptions? Stream, ResponseIds Ids)
{
    /// <summary>The conversation that the response answers, in items.</summary>
    public required IReadOnlyList<ResponseItem> Items { get; init; }

    /// <summary>What the response repeats of its request: JSON by the name of the field.</summary>
    public required IReadOnlyDictionary<string, string> Echoes { get; init; }

    /// <summary>What the client says belongs together, or empty.</summary>
    public string CacheKey { get; init; } = "";

    public bool IsStored { get; init; } = true;

    public bool IsBackground { get; init; }

    /// <summary>Turns that the context has no room for may be left out, oldest first.</summary>
    public bool MayTruncate { get; init; }

    /// <summary>What the model thought is told as a summary, not as content.</summary>
    public bool SummarizesReasoning { get; init; }
}
