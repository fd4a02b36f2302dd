using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Peering;

/// <summary>What a genuine response led to.</summary>
/// <param name="Verdict">What is wrong with the ticket that was turned down.</param>
/// <param name="Keys">Null when there is nobody to say goodbye to.</param>
internal sealed record ConnectResult(
    ConnectFailure Failure, TicketVerdict Verdict = TicketVerdict.Valid, EstablishedKeys? Keys = null);
