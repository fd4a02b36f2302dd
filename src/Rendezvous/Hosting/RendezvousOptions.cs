using System;
using System.Net;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>How one rendezvous runs.</summary>
public sealed record RendezvousOptions
{
    public string Network { get; init; } = "darkbloom";

    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 7400);

    /// <summary>Keys, tickets and the journal live here; one process at a time.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Peers must know it to enrol; empty: anyone may.</summary>
    public string JoinSecret { get; init; } = "";

    /// <summary>GET /healthz, /readyz and /metrics; null: no HTTP at all.</summary>
    public IPEndPoint? HttpBind { get; init; }

    /// <summary>The clock of the deadlines of requests and answers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Leaves the join secret out.</summary>
    public override string ToString() => $"{Network} at {Bind}, state in {StateDirectory}";
}
