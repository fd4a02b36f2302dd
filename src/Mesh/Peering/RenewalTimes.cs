using System;

namespace Darkbloom.Mesh.Peering;

/// <summary>When a session shakes hands anew.</summary>
public sealed record RenewalTimes
{
    /// <summary>After this long a key that is stolen says nothing of what was said before.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Chance delays each renewal by up to this, so that a new ticket doesn't renew all sessions at once.</summary>
    public TimeSpan Spread { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After a refusal.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A peer that asks sooner after the last handshake breaks the protocol: each costs four agreements.</summary>
    public TimeSpan IntervalMin { get; init; } = TimeSpan.FromSeconds(10);
}
