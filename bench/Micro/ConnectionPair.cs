using System;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Bench.Micro;

/// <summary>Two connections joined by a buffer: one stream of bytes in virtual time over a path that loses nothing.</summary>
internal sealed class ConnectionPair : IDisposable
{
    private static readonly PathAddress s_sender = new(1, 1);
    private static readonly PathAddress s_receiver = new(2, 2);
    private static readonly TimeSpan s_step = TimeSpan.FromMicroseconds(100);

    private readonly Connection _sending;
    private readonly Connection _receiving;
    private readonly byte[] _datagram = new byte[WireLimits.DatagramBytesMax];
    private readonly byte[] _written;
    private readonly byte[] _read = new byte[64 * 1024];
    private readonly StreamId _stream;
    private Instant _now = new(1_000_000_000);

    public ConnectionPair(int writtenBytes)
    {
        using SessionKeyPair keys = new();
        ConnectionOptions options = new();
        ConnectionId left = new(1);
        ConnectionId right = new(2);
        _written = new byte[writtenBytes];
        _sending = new Connection(options, ConnectionRole.Initiator, keys.Initiator, left, right, s_receiver,
            options.ToTransportParameters(), new byte[32], _now);
        _receiving = new Connection(options, ConnectionRole.Responder, keys.Responder, right, left, s_sender,
            options.ToTransportParameters(), new byte[32], _now);
        _stream = _sending.OpenStream(StreamPriority.Tokens)!.Value;
    }

    /// <summary>Bytes that were read at the far end.</summary>
    public long BytesMoved { get; private set; }

    /// <summary>Data packets so far; their acknowledgements aren't counted.</summary>
    public long PacketsMoved { get; private set; }

    /// <summary>Moves at least this many data packets, with all the acknowledgements that they draw.</summary>
    public void Move(int packets)
    {
        for (long end = PacketsMoved + packets; PacketsMoved < end;)
        {
            _ = _sending.Write(_stream, _written);
            PacketsMoved += Carry(_sending, _receiving, s_sender);
            int read;
            while ((read = _receiving.Read(_stream, _read, out _)) > 0)
            {
                BytesMoved += read;
            }
            _ = Carry(_receiving, _sending, s_receiver);
            _now += s_step;
            _sending.Timeout(_now);
            _receiving.Timeout(_now);
            while (_sending.TryTakeEvent(out _) || _receiving.TryTakeEvent(out _))
            {
            }
        }
    }

    public void Dispose()
    {
        _sending.Dispose();
        _receiving.Dispose();
    }

    private int Carry(Connection from, Connection to, PathAddress address)
    {
        int packets = 0;
        while (from.TryTransmit(_now, _datagram, out Transmit transmit))
        {
            to.Receive(_now, address, _datagram.AsSpan(0, transmit.Length));
            packets++;
        }
        return packets;
    }
}
