using System;

namespace Darkbloom.Mesh.Peering;

/// <summary>What strangers may cost a peer before they have proven who they are.</summary>
public sealed record HandshakeLimits
{
    /// <summary>Sessions that were answered and not yet confirmed; a further Init is dropped until one of them expires.</summary>
    public int HalfOpenMax { get; init; } = 1024;

    /// <summary>Handshakes begun at the same time; a further attempt fails at once.</summary>
    public int OutgoingMax { get; init; } = 1024;

    /// <summary>Sessions at a time, whoever opened them; a further Init is dropped, and a further attempt fails at once.</summary>
    public int SessionsMax { get; init; } = 65_536;

    /// <summary>Sessions that one peer may have opened here; with a further one, its oldest is closed.</summary>
    public int SessionsPerPeerMax { get; init; } = 64;

    /// <summary>Above this rate each Init must carry a cookie: its sender then receives at the address it claims.</summary>
    public RateLimit WithoutCookie { get; init; } = new(PerSecond: 100, Burst: 100);

    /// <summary>What one network prefix may ask for with cookies.</summary>
    public RateLimit PerPrefix { get; init; } = new(PerSecond: 20, Burst: 5);

    /// <summary>Loopback addresses have no limit of their own: they can't be spoofed from outside.</summary>
    public bool LimitLoopback { get; init; }

    /// <summary>An unanswered Init is repeated after this long, then after twice as long, and so on.</summary>
    public TimeSpan FirstRetransmission { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>When an attempt to connect fails for want of an answer.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>When a session that its initiator never confirmed is forgotten.</summary>
    public TimeSpan HalfOpenTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long requests in flight may go on after their peer's ticket has ended.</summary>
    public TimeSpan ExpiredDrainMax { get; init; } = TimeSpan.FromMinutes(10);
}
