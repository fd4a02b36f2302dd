using System;

namespace Darkbloom.Mesh.Membership.Overlay;

/// <summary>How many peers one peer stays in touch with, and how often.</summary>
public sealed record OverlayPolicy
{
    /// <summary>Neighbours: sessions that carry the overlay.</summary>
    public int ActiveMax { get; init; } = 6;

    /// <summary>Peers that stand in for neighbours that fail.</summary>
    public int PassiveMax { get; init; } = 48;

    /// <summary>How far the news of a newcomer walks.</summary>
    public int ActiveWalkHops { get; init; } = 6;

    /// <summary>How much of the walk is left where the newcomer is only noted.</summary>
    public int PassiveWalkHops { get; init; } = 3;

    /// <summary>From asking a peer to be a neighbour to its answer, dialling included.</summary>
    public TimeSpan AnswerMax { get; init; } = TimeSpan.FromMilliseconds(1500);

    /// <summary>Between two searches for a neighbour after one that had no room; it doubles with each such one in a row.</summary>
    public TimeSpan SearchRest { get; init; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc cref="SearchRest"/>
    public TimeSpan SearchRestMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two exchanges of cards that one peer begins; a fifth more or less by chance.</summary>
    public TimeSpan ExchangeInterval { get; init; } = TimeSpan.FromSeconds(30);
}
