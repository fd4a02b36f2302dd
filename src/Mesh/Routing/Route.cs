using System;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Routing;

/// <summary>One model on one node, as this peer knows it at one moment.</summary>
public sealed record Route
{
    /// <summary>A report older than this says nothing any more: three missed reports.</summary>
    public static readonly TimeSpan LoadAgeMax = TimeSpan.FromSeconds(15);

    public required PeerId Node { get; init; }

    public required string Model { get; init; }

    public required uint ContextTokens { get; init; }

    /// <summary>Model, template and engine build, as the node's card says; may be empty.</summary>
    public string Fingerprint { get; init; } = "";

    public ModelCapabilities Capabilities { get; init; }

    public bool IsConnected { get; init; }

    public ServingState State { get; init; } = ServingState.Serving;

    /// <summary>Null until the node reported.</summary>
    public NodeLoad? Load { get; init; }

    /// <summary>When <see cref="Load"/> arrived.</summary>
    public Instant LoadAt { get; init; }

    public RouteSpeed Observed { get; init; }

    public TimeSpan SmoothedRtt { get; init; }

    /// <summary>This peer's own requests on the node now.</summary>
    public int InFlight { get; init; }

    /// <summary>How many of them the last report already counted.</summary>
    public int InFlightReported { get; init; }

    /// <summary>Until when the node keeps at least one slot for this peer; null: it keeps none.</summary>
    public Instant? LeasedUntil { get; init; }

    /// <summary>Until when the node gets nothing, because it just failed; null: it may be asked.</summary>
    public Instant? OutUntil { get; init; }

    public bool IsLeased(Instant now) => LeasedUntil is { } until && now < until;

    public bool IsOut(Instant now) => OutUntil is { } until && now < until;
}
