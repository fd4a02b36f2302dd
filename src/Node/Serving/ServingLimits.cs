using System;

namespace Darkbloom.Node.Serving;

/// <summary>How much of a node its gateways may use, and how long it waits for them.</summary>
internal sealed record ServingLimits
{
    public int ConnectionsMax { get; init; } = 256;

    public int StreamsPerConnectionMax { get; init; } = 256;

    public int StreamsMax { get; init; } = 1024;

    /// <summary>From the opening of a stream to its first message.</summary>
    public TimeSpan FirstMessageMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From accepting an offer to the end of its prompt.</summary>
    public TimeSpan PromptMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>An audio file may take longer than a prompt, but not come more slowly than this.</summary>
    public uint AudioBytesPerSecondMin { get; init; } = 128 * 1024;

    /// <summary>How long one message may wait for a gateway that doesn't read.</summary>
    public TimeSpan WriteMax { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Shortest time between two load reports of one stream.</summary>
    public TimeSpan ReportMin { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>What running requests get when the node's owner is back.</summary>
    public TimeSpan YieldMax { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>What running requests get when the node stops.</summary>
    public TimeSpan DrainMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What the engine gets to let go of a request that was cancelled when the node stops.</summary>
    public TimeSpan CancelMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Between the last message of a draining node and the end of its sessions: for what is still on its way.</summary>
    public TimeSpan LingerMax { get; init; } = TimeSpan.FromMilliseconds(300);
}
