using System;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>How patient a gateway is, and how often it tries.</summary>
public sealed record DispatchPolicy
{
    /// <summary>Nodes that one request is offered to in a row, at most.</summary>
    public int OffersMax { get; init; } = 8;

    /// <summary>Machines that may see one prompt, at most.</summary>
    public int PromptsMax { get; init; } = 4;

    /// <summary>From choosing a node to its answer to the offer, dialling included.</summary>
    public TimeSpan OfferMax { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Longest silence of a node that holds the prompt; nodes must speak more than twice as often.</summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>From the request to its first token, over all attempts.</summary>
    public TimeSpan FirstTokenMax { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Between two searches for a node that goes on with an answer, while all are busy or out.</summary>
    public TimeSpan StrandedRest { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>From an answer's breaking off to its next token, over all nodes that may go on with it.</summary>
    public TimeSpan ResumeMax { get; init; } = TimeSpan.FromSeconds(30);
}
