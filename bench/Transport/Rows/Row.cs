using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>One row of the table: measured alone, and quoted alone.</summary>
/// <param name="Name">For <c>--filter</c>.</param>
/// <param name="Title">For people.</param>
internal abstract record Row(string Name, string Title)
{
    /// <summary>In the order of the table.</summary>
    public static IReadOnlyList<Row> All { get; } =
    [
        new RoundTripRow(),
        new ThroughputRow(),
        new WanLossRow(),
        new WanJitterRow(),
        new PingPongRow(),
        new EchoBesideBulkRow(),
        new SteadyStateRow(),
        new HandshakeRow(),
        new FloodRow(),
        new FairnessRow(),
        new MobilityRow(),
        new BlackHoleRow(),
    ];

    public abstract Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab);
}
