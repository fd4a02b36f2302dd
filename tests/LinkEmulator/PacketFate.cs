namespace Darkbloom.LinkEmulator;

/// <summary>What becomes of a packet.</summary>
public enum PacketOutcome
{
    Delivered,

    /// <summary>Delivered, and once more at the same moment.</summary>
    Duplicated,

    /// <summary>By chance, alone or in a burst.</summary>
    Lost,

    /// <summary>The queue before the bottleneck was full.</summary>
    QueueOverflow,

    /// <summary>Longer than the path carries.</summary>
    TooLong,

    /// <summary>The link was down.</summary>
    Down,
}

/// <param name="DueNs">When the packet leaves the far end, if it does.</param>
public readonly record struct PacketFate(PacketOutcome Outcome, long DueNs);
