using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Membership.Overlay;

/// <summary>What one peer of the overlay tells another (docs/protocol.md, section 8.14).</summary>
/// <param name="Newcomer">Who has joined, when <paramref name="Kind"/> is <see cref="OverlayMessageKind.ForwardJoin"/>.</param>
/// <param name="HopsLeft">How much further the news of it walks.</param>
public readonly record struct OverlayMessage(OverlayMessageKind Kind, PeerId Newcomer = default, int HopsLeft = 0);

/// <summary>The kinds of <see cref="OverlayMessage"/>.</summary>
public enum OverlayMessageKind
{
    /// <summary>The sender is new here: take it as a neighbour, and let others know.</summary>
    Join,

    /// <summary>Somebody is new: the last one on the walk becomes its neighbour.</summary>
    ForwardJoin,

    /// <summary>Be my neighbour if you have room.</summary>
    Neighbor,

    /// <summary>Be my neighbour in any case: I have none, or you are new.</summary>
    UrgentNeighbor,

    /// <summary>We are neighbours.</summary>
    Accept,

    /// <summary>No room.</summary>
    Decline,

    /// <summary>We are neighbours no more, and both go on.</summary>
    Disconnect,

    /// <summary>The sender leaves the mesh: sleep, its owner's return, or the end.</summary>
    Goodbye,
}
