using System;

namespace Darkbloom.Mesh.Tests.Transport.Congestion;

/// <summary>A path with one bottleneck; both directions have it.</summary>
internal sealed record BottleneckLink
{
    /// <summary>What IP and UDP add to a datagram on the wire.</summary>
    public const int HeaderBytes = 28;

    public required double MegabitsPerSecond { get; init; }

    /// <summary>There and back, while the queues are empty.</summary>
    public TimeSpan RoundTrip { get; init; } = TimeSpan.FromMilliseconds(40);

    /// <summary>Each datagram takes up to this much longer in each direction, so that later ones overtake it.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Lost of a thousand, in each direction.</summary>
    public int Lost { get; init; }

    public int QueueBytes { get; init; } = 512 * 1024;

    public double BytesPerSecond => MegabitsPerSecond * 1e6 / 8;
}
