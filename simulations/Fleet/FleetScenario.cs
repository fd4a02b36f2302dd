using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Darkbloom.Simulations.Traces;

namespace Darkbloom.Simulations.Fleet;

/// <summary>A question to a fleet, as its JSON file asks it; every number has its unit in its name.</summary>
/// <remarks>A key that isn't here is an error, so that no setting is ignored in silence.</remarks>
public sealed record FleetScenario
{
    public required string Name { get; init; }

    /// <summary>What it asks, in a sentence.</summary>
    public required string About { get; init; }

    /// <summary>How long clients ask; what is under way then may end.</summary>
    public double Minutes { get; init; } = 10;

    public FleetSize Fleet { get; init; } = new();

    public FleetNetwork Network { get; init; } = new();

    public FleetDemand Demand { get; init; } = new();

    public FleetOwners Owners { get; init; } = new();

    public ImmutableArray<FleetFault> Faults { get; init; } = [];

    /// <summary>What must come out, by the name of a metric.</summary>
    public ImmutableArray<FleetExpectation> Expect { get; init; } = [];
}

/// <summary>Who takes part.</summary>
public sealed record FleetSize
{
    public int Macs { get; init; } = 200;

    public int Gateways { get; init; } = 2;

    /// <summary>Answers that a Mac decodes at once.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>Answers that may wait on a Mac.</summary>
    public int QueueMax { get; init; } = 8;

    /// <summary>Shares of the classes; an assumption.</summary>
    public ImmutableSortedDictionary<string, double> Mix { get; init; } = ImmutableSortedDictionary<string, double>.Empty
        .Add("base", 0.5).Add("pro", 0.28).Add("max", 0.18).Add("ultra", 0.04);
}

/// <summary>How far Macs are from gateways.</summary>
public sealed record FleetNetwork
{
    public double RttMsMedian { get; init; } = 40;

    public double RttMsP99 { get; init; } = 200;
}

/// <summary>What clients ask: arrivals at random, lengths as in Azure's conversations of 2023 (CC-BY 4.0, Splitwise, ISCA'24).</summary>
public sealed record FleetDemand
{
    public double RequestsPerSecond { get; init; } = 5;

    public double PromptTokensMedian { get; init; } = 1020;

    public double PromptTokensP99 { get; init; } = 4142;

    public double OutputTokensMedian { get; init; } = 129;

    public double OutputTokensP99 { get; init; } = 601;

    /// <summary>Lengths of answers are spread exponentially with this mean instead; 0: they are not.</summary>
    public double OutputTokensMeanExponential { get; init; }

    /// <summary>A file of recorded requests to replay instead, as <c>darkbloom sim import</c> writes it; times and lengths are its own.</summary>
    public string? Trace { get; init; }

    /// <summary>How much denser than recorded they come.</summary>
    public double TraceSpeed { get; init; } = 1;

    /// <summary>What <see cref="Trace"/> holds.</summary>
    [JsonIgnore]
    public FleetTrace? Requests { get; init; }

    /// <summary>Clients wait for the first token this long.</summary>
    public double FirstTokenSecondsMax { get; init; } = 120;
}

/// <summary>When Macs come and go.</summary>
public sealed record FleetOwners
{
    /// <summary>One of <see cref="OwnerModel.Known"/>.</summary>
    public string Model { get; init; } = "none";

    /// <summary>Of the leaves, those that are announced: sleep and the owner's return are, a lost link isn't. An assumption.</summary>
    public double GracefulShare { get; init; } = 0.8;

    /// <summary>What running answers get when a Mac leaves with notice.</summary>
    public double DrainSeconds { get; init; } = 10;
}

/// <summary>Something that happens to a part of the fleet.</summary>
public sealed record FleetFault
{
    public required FleetFaultKind Kind { get; init; }

    public double AtMinute { get; init; }

    /// <summary>Of the Macs that are up, or of the demand above the usual.</summary>
    public double Share { get; init; } = 0.1;

    /// <summary>How long it lasts; Macs come back then.</summary>
    public double Minutes { get; init; } = 5;
}

[JsonConverter(typeof(JsonStringEnumConverter<FleetFaultKind>))]
public enum FleetFaultKind
{
    /// <summary>Macs vanish without a word.</summary>
    [JsonStringEnumMemberName("crash")]
    Crash,

    /// <summary>Macs leave with notice.</summary>
    [JsonStringEnumMemberName("leave")]
    Leave,

    /// <summary>More requests come: a share of 4 makes five times as many.</summary>
    [JsonStringEnumMemberName("crowd")]
    Crowd,
}

/// <summary>A bound that the mean of a metric over the seeds must keep.</summary>
public sealed record FleetExpectation
{
    public required string Metric { get; init; }

    public double? AtLeast { get; init; }

    public double? AtMost { get; init; }
}
