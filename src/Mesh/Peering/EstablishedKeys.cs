using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;

namespace Darkbloom.Mesh.Peering;

/// <summary>What a handshake that came about leaves behind.</summary>
/// <param name="RemoteId">The peer's name for the session.</param>
internal sealed record EstablishedKeys(
    SessionKeys Keys, ConnectionId RemoteId, TransportParameters Parameters, RemotePeer Remote);
