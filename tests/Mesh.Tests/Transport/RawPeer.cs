using System;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>A peer that seals whatever frames a test wants, and the responder that has to bear them.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly PacketProtector _protector = new(TestSession.Initiator);
    private readonly byte[] _buffer = new byte[WireLimits.DatagramBytesMax];
    private ulong _number;

    public RawPeer(ConnectionOptions? options = null, TransportParameters? parameters = null)
    {
        Connection = new Connection(
            options ?? new ConnectionOptions(), ConnectionRole.Responder, TestSession.Responder, Id, new ConnectionId(2),
            Address, parameters ?? new TransportParameters(), new byte[32], Now);
    }

    public static PathAddress Address { get; } = new(1, 1);

    public static ConnectionId Id { get; } = new(1);

    public Connection Connection { get; }

    public Instant Now { get; set; } = new(1_000_000_000);

    /// <summary>Seals these bytes as the frames of the next packet and delivers it.</summary>
    public void Send(params byte[] frames) => Connection.Receive(Now, Address, Seal(frames));

    public byte[] Seal(params byte[] frames)
    {
        ulong number = _number++;
        byte[] packet = new byte[frames.Length + WireLimits.DataOverheadBytes];
        WireWriter writer = new(packet);
        new DataPacketHeader(Id, _protector.KeyPhase, (uint)number).Write(ref writer);
        ReadOnlySpan<byte> header = packet.AsSpan(0, DataPacketHeader.Size);
        _ = _protector.TrySeal(number, header, frames, packet.AsSpan(DataPacketHeader.Size));
        return packet;
    }

    /// <summary>Takes the next datagram and returns its frames; empty when there is none.</summary>
    public byte[] Take()
    {
        if (!Connection.TryTransmit(Now, _buffer, out Transmit transmit))
        {
            return [];
        }
        ReadOnlySpan<byte> datagram = _buffer.AsSpan(0, transmit.Length);
        if (!DataPacketHeader.TryRead(datagram, out DataPacketHeader header))
        {
            throw new InvalidOperationException("not a data packet");
        }
        byte[] frames = new byte[datagram.Length - WireLimits.DataOverheadBytes];
        return _protector.TryOpen(
            header.LowPacketNumber, header.KeyPhase, datagram[..DataPacketHeader.Size], datagram[DataPacketHeader.Size..], frames)
            ? frames
            : throw new InvalidOperationException("not sealed by the connection");
    }

    public void Dispose()
    {
        Connection.Dispose();
        _protector.Dispose();
    }
}
