using System;
using Darkbloom.Protocol.Packets;

namespace Darkbloom.Bench.Micro;

/// <summary>Two ends of one session that protect packets and do nothing else.</summary>
internal sealed class PacketPair : IDisposable
{
    public const int PlaintextBytes = WireLimits.DatagramBytesMin - WireLimits.DataOverheadBytes;

    /// <summary>An acknowledgement of one range.</summary>
    public const int AckBytes = 10;

    private readonly byte[] _header = new byte[DataPacketHeader.Size];
    private readonly byte[] _plaintext = new byte[PlaintextBytes];
    private readonly byte[] _datagram = new byte[PlaintextBytes + PacketProtector.TagSize];
    private readonly PacketProtector _sender;
    private readonly PacketProtector _receiver;
    private ulong _packetNumber;

    public PacketPair()
    {
        using SessionKeyPair keys = new();
        (_sender, _receiver) = (new PacketProtector(keys.Initiator), new PacketProtector(keys.Responder));
    }

    /// <summary>One packet's way from plaintext to plaintext; false if it did not arrive.</summary>
    public bool SealAndOpen(int bytes = PlaintextBytes)
    {
        ulong number = _packetNumber++;
        Span<byte> datagram = _datagram.AsSpan(0, bytes + PacketProtector.TagSize);
        return _sender.TrySeal(number, _header, _plaintext.AsSpan(0, bytes), datagram)
            && _receiver.TryOpen(number, _sender.KeyPhase, _header, datagram, _plaintext);
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }
}
