namespace Darkbloom.Mesh.Membership;

/// <summary>How far a peer is with its rendezvous.</summary>
/// <remarks><code>
/// Away       -> [reconnect is due]     -> Connecting
/// Connecting -> [connected, no ticket] -> Joining      the ticket lapsed, or there never was one
/// Connecting -> [connected, ticket]    -> Joined       it outlived the last session
/// Connecting -> [failed]               -> Away         the delay doubles
/// Joining    -> [ticket granted]       -> Joined
/// Joining    -> [refused]              -> Joining      asks again, slowly: only the owner can change the outcome
/// Joined     -> [not enrolled]         -> Joining      the rendezvous lost its memory
/// Joining    -> [session closed]       -> Away
/// Joined     -> [session closed]       -> Away         ticket and directory stay good: the mesh goes on without it
/// </code></remarks>
public enum MembershipStage
{
    Away,
    Connecting,
    Joining,
    Joined,
}
