using System;
using Darkbloom.Protocol.Frames;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>Decides how often the peer should acknowledge: every second packet, or fewer ACKs where packets fly fast.</summary>
/// <remarks>
/// On a slow path two packets are a long time, and each ACK lets the next ones go. Above 200 Mbit/s eight packets take
/// less than half a millisecond, and an ACK costs as much work as a packet.
/// </remarks>
internal sealed class AckRequest
{
    public const int PacketsPerAckFast = 8;
    public const int PacketsPerAckFastest = 16;

    private const double FastBytesPerSecond = 25e6;
    private const double FastestBytesPerSecond = 100e6;

    /// <summary>A wish stays until the rate has halved, so that a wavering rate doesn't send frames.</summary>
    private const double Hysteresis = 0.5;

    /// <summary>The peer is asked for at least so many ACKs a window.</summary>
    private const int AcksPerWindow = 4;
    private const int DelayDivisor = 4;

    private int _packets = AckTracker.PacketsPerAck;
    private ulong _sequence;
    private bool _isPending;

    public void Update(double bytesPerSecond, long windowPackets)
    {
        int wanted = PacketsFor(bytesPerSecond);
        if (wanted < _packets)
        {
            wanted = Math.Min(PacketsFor(bytesPerSecond / Hysteresis), _packets);
        }
        wanted = (int)Math.Clamp(windowPackets / AcksPerWindow, AckTracker.PacketsPerAck, wanted);
        if (wanted != _packets)
        {
            _packets = wanted;
            _sequence++;
            _isPending = true;
        }
    }

    public bool TryTake(TimeSpan smoothedRtt, out AckFrequencyFrame frame)
    {
        ulong delay = (ulong)Math.Max((smoothedRtt / DelayDivisor).TotalMicroseconds, 0);
        frame = new AckFrequencyFrame(_sequence, (ulong)_packets, delay);
        bool isPending = _isPending;
        _isPending = false;
        return isPending;
    }

    public void OnLost(ulong sequence) => _isPending |= sequence == _sequence;

    private static int PacketsFor(double bytesPerSecond) => bytesPerSecond switch
    {
        >= FastestBytesPerSecond => PacketsPerAckFastest,
        >= FastBytesPerSecond => PacketsPerAckFast,
        _ => AckTracker.PacketsPerAck,
    };
}
