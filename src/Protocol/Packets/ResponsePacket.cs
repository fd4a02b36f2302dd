using System;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Packets;

/// <summary>
/// Response, section 5.3: the second and last packet of a handshake, never larger than the Init it answers.
/// </summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  flags = 0x50 |      destination connection id (8)          ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      source connection id (8)                               ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      Noise message 2, to the end of the datagram            ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly ref struct ResponsePacket(ConnectionId destination, ConnectionId source, ReadOnlySpan<byte> message)
{
    /// <summary>Flags and both ids, all that stands before the message: what <see cref="WriteHeader"/> writes.</summary>
    public const int HeaderBytes = 1 + (2 * ConnectionId.Size);

    /// <summary>The initiator's name for the session, as its Init gave it.</summary>
    public ConnectionId Destination { get; } = destination;

    /// <summary>The responder's name for the session: data packets to it carry this.</summary>
    public ConnectionId Source { get; } = source;

    public ReadOnlySpan<byte> Message { get; } = message;

    public int Length => HeaderBytes + Message.Length;

    public static bool TryRead(ReadOnlySpan<byte> datagram, out ResponsePacket packet)
    {
        packet = default;
        WireReader reader = new(datagram);
        if (datagram.Length > WireLimits.DatagramBytesOfEthernet
            || !reader.TryReadByte(out byte flags)
            || flags != PacketFlags.Of(PacketType.Response)
            || !ConnectionId.TryRead(ref reader, out ConnectionId destination)
            || !ConnectionId.TryRead(ref reader, out ConnectionId source))
        {
            return false;
        }

        packet = new ResponsePacket(destination, source, reader.Rest);
        return true;
    }

    /// <summary>Writes the header that the Noise message binds (section 4.3).</summary>
    public static void WriteHeader(ConnectionId destination, ConnectionId source, Span<byte> target)
    {
        target[0] = PacketFlags.Of(PacketType.Response);
        destination.Write(target[1..]);
        source.Write(target[(1 + ConnectionId.Size)..]);
    }

    /// <summary>Writes <see cref="Length"/> bytes.</summary>
    public void Write(ref WireWriter writer)
    {
        WriteHeader(Destination, Source, writer.Reserve(HeaderBytes));
        writer.WriteBytes(Message);
    }
}
