using System;
using Darkbloom.Mesh.Transport.Datagrams;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Mesh.Transport;

/// <summary>Unreliable datagrams (RFC 9221): congestion controlled like all else, never repeated, dropped when queues are full.</summary>
public sealed partial class Connection
{
    private static readonly TransportViolation s_datagramTooLarge =
        new(TransportErrorCode.ProtocolViolation, "a datagram larger than this side takes");

    private readonly DatagramQueue _datagramsToSend;
    private readonly DatagramQueue _datagramsReceived;
    private readonly ulong _peerDatagramFrameBytesMax;
    private bool _streamsGoFirst;
    private bool _isDatagramTold;

    /// <summary>The largest datagram that can be sent now; 0 when the peer takes none. It follows the path.</summary>
    public int DatagramBytesMax =>
        Math.Max(0, (int)Math.Min(_peerDatagramFrameBytesMax, (ulong)FrameBytes) - DatagramFrame.HeaderBytesMax);

    /// <summary>What a packet has room for.</summary>
    private int FrameBytes => _mtu.Bytes - WireLimits.DataOverheadBytes;

    /// <summary>Queues a datagram for sending; false when it is larger than may be sent now, or the connection is over.</summary>
    /// <remarks>True doesn't mean that it arrives: when more wait than the queue holds, the oldest is dropped.</remarks>
    public bool TrySendDatagram(ReadOnlySpan<byte> datagram)
    {
        if (State != ConnectionState.Open || _peerDatagramFrameBytesMax == 0 || datagram.Length > DatagramBytesMax)
        {
            return false;
        }
        _datagramsToSend.Add(datagram);
        return true;
    }

    /// <summary>Takes the datagram that waits longest; false when none does, and then DatagramReceived tells of the next.</summary>
    /// <exception cref="ArgumentException">The target is shorter than the datagram, which stays.</exception>
    public bool TryReceiveDatagram(Span<byte> target, out int length)
    {
        if (_datagramsReceived.Count == 0)
        {
            length = 0;
            _isDatagramTold = false;
            return false;
        }
        ReadOnlySpan<byte> datagram = _datagramsReceived.Oldest;
        length = datagram.Length;
        datagram.CopyTo(target);
        _datagramsReceived.RemoveOldest();
        return true;
    }

    private TransportViolation? OnDatagram(in DatagramFrame frame)
    {
        if (frame.Length > _options.DatagramFrameBytesMax)
        {
            return s_datagramTooLarge;
        }
        _datagramsReceived.Add(frame.Data);
        if (!_isDatagramTold)
        {
            _isDatagramTold = true;
            _events.Enqueue(new ConnectionEvent(ConnectionEventKind.DatagramReceived));
        }
        return null;
    }

    /// <summary>Writes those that fit. One too large for any packet, because the path has changed, is dropped.</summary>
    private void WriteDatagrams(ref WireWriter writer)
    {
        while (_datagramsToSend.Count > 0)
        {
            DatagramFrame frame = new(_datagramsToSend.Oldest);
            if (frame.Length > FrameBytes)
            {
                _datagramsToSend.DropOldest();
                continue;
            }
            if (frame.Length > writer.Remaining)
            {
                return;
            }
            frame.Write(ref writer);
            _datagramsToSend.RemoveOldest();
        }
    }
}
