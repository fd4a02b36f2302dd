using System;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>Round-trip time as RFC 9002 section 5 estimates it.</summary>
/// <param name="initial">Believed until the first sample.</param>
internal sealed class RttEstimator(TimeSpan initial)
{
    /// <summary>The finest step a timer is trusted with.</summary>
    public static readonly TimeSpan Granularity = TimeSpan.FromMilliseconds(1);

    public TimeSpan Latest { get; private set; } = initial;

    public TimeSpan Smoothed { get; private set; } = initial;

    public TimeSpan Variation { get; private set; } = initial / 2;

    /// <summary>The smallest sample on this path; zero before the first.</summary>
    public TimeSpan Minimum { get; private set; }

    public bool HasSample { get; private set; }

    /// <summary>How long a peer may take to acknowledge before that means something.</summary>
    public TimeSpan ProbeTimeout(TimeSpan maxAckDelay) => Smoothed + Max(Variation * 4, Granularity) + maxAckDelay;

    /// <param name="sample">From sending the largest packet newly acknowledged to its acknowledgement.</param>
    /// <param name="ackDelay">What the peer says it waited, already cut to what it may wait.</param>
    public void Update(TimeSpan sample, TimeSpan ackDelay)
    {
        Latest = sample;
        if (!HasSample)
        {
            HasSample = true;
            Minimum = sample;
            Smoothed = sample;
            Variation = sample / 2;
            return;
        }
        Minimum = sample < Minimum ? sample : Minimum;
        TimeSpan adjusted = sample >= Minimum + ackDelay ? sample - ackDelay : sample;
        TimeSpan deviation = (Smoothed - adjusted).Duration();
        Variation = ((Variation * 3) + deviation) / 4;
        Smoothed = ((Smoothed * 7) + adjusted) / 8;
    }

    internal static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    internal static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
