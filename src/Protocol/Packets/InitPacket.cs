using System;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Packets;

/// <summary>Init, section 5.2: the first packet of a handshake, as large as anything that may answer it.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  flags = 0x48 |  version = 1  |   source connection id (8)  ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |         cookie (16; zeros until a Retry brought one)        ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |        message length         |  Noise message 1            ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |    zeros, so that the datagram has 1200 bytes at least      ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |    mac1 (16): HMAC of all the above (section 4.4)           ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly ref struct InitPacket(ConnectionId source, ReadOnlySpan<byte> cookie, ReadOnlySpan<byte> message)
{
    /// <summary>Flags, version and source: what <see cref="WriteHeader"/> writes.</summary>
    public const int HeaderBytes = 2 + ConnectionId.Size;

    private const int MessageOffset = HeaderBytes + RetryCookie.Size + sizeof(ushort);

    /// <summary>The initiator's name for the session.</summary>
    public ConnectionId Source { get; } = source;

    /// <summary>What a Retry brought, or <see cref="RetryCookie.None"/>.</summary>
    public ReadOnlySpan<byte> Cookie { get; } = cookie;

    public ReadOnlySpan<byte> Message { get; } = message;

    public int Length => Math.Max(WireLimits.InitBytesMin, MessageOffset + Message.Length + HandshakeMac.Size);

    /// <summary>
    /// Reads a datagram whose mac1 fits the key that <paramref name="mac"/> was made of; it costs one HMAC.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, HandshakeMac mac, out InitPacket packet)
    {
        ArgumentNullException.ThrowIfNull(mac);
        packet = default;
        if (datagram.Length is < WireLimits.InitBytesMin or > WireLimits.DatagramBytesOfEthernet
            || datagram[0] != PacketFlags.Of(PacketType.Init)
            || datagram[1] != HandshakePrologue.Version
            || !mac.IsValid(datagram[..^HandshakeMac.Size], Mac(datagram)))
        {
            return false;
        }

        WireReader reader = new(datagram[2..^HandshakeMac.Size]);
        if (!ConnectionId.TryRead(ref reader, out ConnectionId source)
            || !reader.TryReadBytes(RetryCookie.Size, out ReadOnlySpan<byte> cookie)
            || !reader.TryReadUInt16(out ushort length)
            || !reader.TryReadBytes(length, out ReadOnlySpan<byte> message)
            || reader.Rest.ContainsAnyExcept((byte)0))
        {
            return false;
        }

        packet = new InitPacket(source, cookie, message);
        return true;
    }

    /// <summary>
    /// The mac1 at the end of a datagram that is an Init; a Retry proves by it that its sender saw the Init.
    /// </summary>
    public static ReadOnlySpan<byte> Mac(ReadOnlySpan<byte> datagram) => datagram[^HandshakeMac.Size..];

    /// <summary>
    /// Writes the header that the Noise message binds (section 4.3). The cookie isn't part of it, so that the message
    /// stays as it is when a Retry brings one.
    /// </summary>
    public static void WriteHeader(ConnectionId source, Span<byte> target)
    {
        target[0] = PacketFlags.Of(PacketType.Init);
        target[1] = HandshakePrologue.Version;
        source.Write(target[2..]);
    }

    /// <summary>Writes <see cref="Length"/> bytes to <paramref name="target"/> and returns their number.</summary>
    public int Write(Span<byte> target, HandshakeMac mac)
    {
        ArgumentNullException.ThrowIfNull(mac);
        ArgumentOutOfRangeException.ThrowIfNotEqual(Cookie.Length, RetryCookie.Size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Length, WireLimits.DatagramBytesOfEthernet);
        Span<byte> datagram = target[..Length];
        Span<byte> covered = datagram[..^HandshakeMac.Size];
        WireWriter writer = new(covered);
        WriteHeader(Source, writer.Reserve(HeaderBytes));
        writer.WriteBytes(Cookie);
        writer.WriteUInt16((ushort)Message.Length);
        writer.WriteBytes(Message);
        covered[writer.Position..].Clear();
        mac.Write(covered, datagram[^HandshakeMac.Size..]);
        return Length;
    }
}
