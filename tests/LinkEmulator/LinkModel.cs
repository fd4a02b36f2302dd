using System;

namespace Darkbloom.LinkEmulator;

/// <summary>Decides the fate of each packet of one direction: a pure function of profile, seed, and the times and sizes of what came.</summary>
/// <remarks>Each packet draws the same number of random values, so that its luck depends on its number and the seed alone.</remarks>
public sealed class LinkModel(int seed)
{
    private const double NanosecondsPerSecond = 1e9;

    private readonly Random _random = new(seed);
    private double _idleFromNs; // when the bottleneck has sent everything that was offered so far
    private bool _isInBurst;
    private LinkCounters _counters;

    public LinkProfile Profile { get; set; } = new();

    public LinkCounters Counters => _counters;

    /// <summary>Takes a packet that entered the link at some moment of an interval, of which only the ends are known.</summary>
    /// <param name="sinceNs">The earliest: an idle bottleneck begins with it then, so that looking rarely costs no capacity.</param>
    /// <param name="nowNs">The latest: nothing is due before it.</param>
    public PacketFate Offer(long sinceNs, long nowNs, int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sinceNs, nowNs);
        PacketFate fate = Decide(sinceNs, nowNs, bytes);
        Count(fate.Outcome, bytes);
        return fate;
    }

    private PacketFate Decide(long sinceNs, long nowNs, int bytes)
    {
        double lossDraw = _random.NextDouble();
        double burstDraw = _random.NextDouble();
        double jitterDraw = _random.NextDouble();
        double reorderDraw = _random.NextDouble();
        double duplicateDraw = _random.NextDouble();
        if (Profile.IsDown)
        {
            return new PacketFate(PacketOutcome.Down, 0);
        }
        if (bytes > Profile.PacketBytesMax)
        {
            return new PacketFate(PacketOutcome.TooLong, 0);
        }
        if (IsLostInBurst(burstDraw) || lossDraw < Profile.LossRate)
        {
            return new PacketFate(PacketOutcome.Lost, 0);
        }
        double leavesQueueNs = nowNs;
        if (Profile.BitsPerSecond > 0)
        {
            double nanosecondsPerByte = 8 * NanosecondsPerSecond / Profile.BitsPerSecond;
            double startNs = Math.Max(_idleFromNs, sinceNs);
            if ((startNs - nowNs) / nanosecondsPerByte + bytes > Profile.QueueBytesMax)
            {
                return new PacketFate(PacketOutcome.QueueOverflow, 0);
            }
            _idleFromNs = startNs + bytes * nanosecondsPerByte;
            leavesQueueNs = Math.Max(_idleFromNs, nowNs);
        }
        double travelNs = reorderDraw < Profile.ReorderRate ? 0 : Profile.Delay.TotalNanoseconds + jitterDraw * Profile.Jitter.TotalNanoseconds;
        return new PacketFate(
            duplicateDraw < Profile.DuplicateRate ? PacketOutcome.Duplicated : PacketOutcome.Delivered, (long)(leavesQueueNs + travelNs));
    }

    private bool IsLostInBurst(double draw)
    {
        if (Profile.BurstLoss is not { } burst)
        {
            _isInBurst = false;
            return false;
        }
        return _isInBurst = _isInBurst ? draw >= burst.LeaveRate : draw < burst.EnterRate;
    }

    private void Count(PacketOutcome outcome, int bytes)
    {
        _counters.Offered++;
        switch (outcome)
        {
            case PacketOutcome.Delivered:
                _counters.Delivered++;
                _counters.DeliveredBytes += bytes;
                break;
            case PacketOutcome.Duplicated:
                _counters.Delivered++;
                _counters.DeliveredBytes += bytes;
                _counters.Duplicated++;
                break;
            case PacketOutcome.Lost:
                _counters.Lost++;
                break;
            case PacketOutcome.QueueOverflow:
                _counters.QueueOverflows++;
                break;
            case PacketOutcome.TooLong:
                _counters.TooLong++;
                break;
            default:
                _counters.WhileDown++;
                break;
        }
    }
}
