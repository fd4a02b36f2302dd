using System;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Packets;

/// <summary>Retry, section 5.4: a busy responder asks the initiator to prove that it receives at its address.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  flags = 0x58 |      destination connection id (8)          ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      cookie (16)                                            ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      mac (16): HMAC of all the above and the Init's mac1    ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// The mac shows that the sender saw the Init: nobody off the path can make an initiator start over.
/// </remarks>
public readonly ref struct RetryPacket(ConnectionId destination, ReadOnlySpan<byte> cookie)
{
    public const int Length = 1 + ConnectionId.Size + RetryCookie.Size + HandshakeMac.Size;
    private const int CoveredBytes = Length - HandshakeMac.Size;

    /// <summary>The initiator's name for the session, as its Init gave it.</summary>
    public ConnectionId Destination { get; } = destination;

    public ReadOnlySpan<byte> Cookie { get; } = cookie;

    /// <summary>Finds whose handshake a datagram may concern; <see cref="TryRead"/> then proves it.</summary>
    public static bool TryReadDestination(ReadOnlySpan<byte> datagram, out ConnectionId destination)
    {
        destination = default;
        if (datagram.Length != Length || datagram[0] != PacketFlags.Of(PacketType.Retry))
        {
            return false;
        }

        WireReader reader = new(datagram[1..]);
        return ConnectionId.TryRead(ref reader, out destination);
    }

    /// <summary>Reads the answer to an Init that ended with <paramref name="initMac"/>.</summary>
    /// <param name="mac">Keyed by the responder that the Init went to.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> datagram, HandshakeMac mac, ReadOnlySpan<byte> initMac, out RetryPacket packet)
    {
        ArgumentNullException.ThrowIfNull(mac);
        packet = default;
        if (!TryReadDestination(datagram, out ConnectionId destination))
        {
            return false;
        }

        Span<byte> covered = stackalloc byte[CoveredBytes + HandshakeMac.Size];
        datagram[..CoveredBytes].CopyTo(covered);
        initMac.CopyTo(covered[CoveredBytes..]);
        if (!mac.IsValid(covered, datagram[CoveredBytes..]))
        {
            return false;
        }

        packet = new RetryPacket(destination, datagram.Slice(1 + ConnectionId.Size, RetryCookie.Size));
        return true;
    }

    /// <summary>Writes <see cref="Length"/> bytes to <paramref name="target"/>.</summary>
    /// <param name="mac">Keyed by the responder itself.</param>
    /// <param name="initMac">The mac1 of the Init that this answers.</param>
    public void Write(Span<byte> target, HandshakeMac mac, ReadOnlySpan<byte> initMac)
    {
        ArgumentNullException.ThrowIfNull(mac);
        Span<byte> covered = stackalloc byte[CoveredBytes + HandshakeMac.Size];
        WireWriter writer = new(covered);
        writer.WriteByte(PacketFlags.Of(PacketType.Retry));
        Destination.Write(ref writer);
        writer.WriteBytes(Cookie);
        writer.WriteBytes(initMac);
        covered[..CoveredBytes].CopyTo(target);
        mac.Write(covered, target.Slice(CoveredBytes, HandshakeMac.Size));
    }
}
