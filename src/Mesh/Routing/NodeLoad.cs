using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Routing;

/// <summary>How busy a node says it is: a load report whose numbers were checked.</summary>
/// <remarks>Speeds are tokens per second of one sequence; zero means not measured yet.</remarks>
public readonly record struct NodeLoad
{
    public const int SlotsMax = 1024;
    public const int QueueDepthMax = 65_536;
    public const float TokensPerSecondMax = 1_000_000;

    public required ulong Sequence { get; init; }

    public required ServingState State { get; init; }

    public required int Slots { get; init; }

    public required int SlotsFree { get; init; }

    /// <summary>Of the free ones, those that are kept for gateways.</summary>
    public int SlotsLeased { get; init; }

    public required int QueueDepth { get; init; }

    public required int QueueMax { get; init; }

    public float PrefillTokensPerSecond { get; init; }

    public float DecodeTokensPerSecond { get; init; }

    /// <summary>Choices that run or wait, and slots that others will fill.</summary>
    public int Busy => Slots - SlotsFree + SlotsLeased + QueueDepth;

    /// <summary>Reads a report; false when its numbers cannot be true of any node.</summary>
    /// <remarks>A state this version doesn't know is read as paused: it isn't known to serve.</remarks>
    public static bool TryRead(LoadReport? report, out NodeLoad load)
    {
        load = default;
        if (report is null
            || report.Slots > SlotsMax || report.SlotsFree > report.Slots || report.SlotsLeased > report.SlotsFree
            || report.QueueMax > QueueDepthMax || report.QueueDepth > report.QueueMax
            || !IsSpeed(report.PrefillTokensPerSecond) || !IsSpeed(report.DecodeTokensPerSecond)
            || report.State == ServingState.Unspecified)
        {
            return false;
        }

        load = new NodeLoad
        {
            Sequence = report.Sequence,
            State = report.State is ServingState.Serving or ServingState.Draining ? report.State : ServingState.Paused,
            Slots = (int)report.Slots,
            SlotsFree = (int)report.SlotsFree,
            SlotsLeased = (int)report.SlotsLeased,
            QueueDepth = (int)report.QueueDepth,
            QueueMax = (int)report.QueueMax,
            PrefillTokensPerSecond = report.PrefillTokensPerSecond,
            DecodeTokensPerSecond = report.DecodeTokensPerSecond,
        };
        return true;
    }

    public LoadReport ToReport() => new()
    {
        Sequence = Sequence,
        State = State,
        Slots = (uint)Slots,
        SlotsFree = (uint)SlotsFree,
        SlotsLeased = (uint)SlotsLeased,
        QueueDepth = (uint)QueueDepth,
        QueueMax = (uint)QueueMax,
        PrefillTokensPerSecond = PrefillTokensPerSecond,
        DecodeTokensPerSecond = DecodeTokensPerSecond,
    };

    private static bool IsSpeed(float value) => value is >= 0 and <= TokensPerSecondMax;
}
