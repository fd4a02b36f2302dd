using System;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Routing;

public sealed class NodeLoadTests
{
    [Fact]
    public void A_report_survives_the_round_trip()
    {
        LoadReport report = Report(static _ => { });

        Assert.True(NodeLoad.TryRead(report, out NodeLoad load));
        Assert.Equal(report, load.ToReport());
        Assert.Equal(5, load.Busy);
    }

    [Fact]
    public void A_report_at_its_limits_is_read()
    {
        Assert.True(NodeLoad.TryRead(Report(static r => (r.Slots, r.SlotsFree) = (NodeLoad.SlotsMax, NodeLoad.SlotsMax)), out _));
        Assert.True(NodeLoad.TryRead(Report(static r => r.QueueDepth = r.QueueMax = NodeLoad.QueueDepthMax), out _));
        Assert.True(NodeLoad.TryRead(Report(static r => r.DecodeTokensPerSecond = NodeLoad.TokensPerSecondMax), out _));
    }

    [Fact]
    public void A_report_that_cannot_be_true_is_not_read()
    {
        Assert.False(NodeLoad.TryRead(null, out _));
        Assert.False(NodeLoad.TryRead(Report(static r => r.Slots = NodeLoad.SlotsMax + 1), out _));
        Assert.False(NodeLoad.TryRead(Report(static r => r.SlotsFree = r.Slots + 1), out _));
        Assert.True(NodeLoad.TryRead(Report(static r => r.SlotsLeased = r.SlotsFree), out _));
        Assert.False(NodeLoad.TryRead(Report(static r => r.SlotsLeased = r.SlotsFree + 1), out _));
        Assert.False(NodeLoad.TryRead(Report(static r => r.QueueMax = NodeLoad.QueueDepthMax + 1), out _));
        Assert.False(NodeLoad.TryRead(Report(static r => r.QueueDepth = r.QueueMax + 1), out _));
        Assert.False(NodeLoad.TryRead(Report(static r => r.DecodeTokensPerSecond = float.NaN), out _));
        Assert.False(NodeLoad.TryRead(Report(static r => r.PrefillTokensPerSecond = float.PositiveInfinity), out _));
        Assert.False(NodeLoad.TryRead(Report(static r => r.PrefillTokensPerSecond = -1), out _));
        Assert.False(NodeLoad.TryRead(Report(static r => r.State = ServingState.Unspecified), out _));
    }

    [Fact]
    public void A_state_of_the_future_is_not_taken_for_serving()
    {
        Assert.True(NodeLoad.TryRead(Report(static r => r.State = (ServingState)77), out NodeLoad load));
        Assert.Equal(ServingState.Paused, load.State);
    }

    [Fact]
    public void A_report_takes_fewer_bytes_than_a_record_of_fixed_layout_would()
    {
        LoadReport largest = new()
        {
            Sequence = ulong.MaxValue,
            State = ServingState.Paused,
            Slots = NodeLoad.SlotsMax,
            SlotsFree = NodeLoad.SlotsMax,
            SlotsLeased = NodeLoad.SlotsMax,
            QueueDepth = NodeLoad.QueueDepthMax,
            QueueMax = NodeLoad.QueueDepthMax,
            PrefillTokensPerSecond = NodeLoad.TokensPerSecondMax,
            DecodeTokensPerSecond = NodeLoad.TokensPerSecondMax,
        };
        Assert.True(NodeLoad.TryRead(largest, out _));

        Assert.Equal(46, Framed(new NodeResponse { Load = largest }));
        Assert.Equal(31, Framed(new NodeResponse { Load = Report(static r => r.Sequence = 300) }));
        Assert.Equal(18, Framed(new NodeResponse { Lease = new SlotLease { Id = 1, TtlMs = InferenceLimits.LeaseMsMax } }));
    }

    private static int Framed(NodeResponse response) => sizeof(uint) + response.CalculateSize();

    private static LoadReport Report(Action<LoadReport> change)
    {
        LoadReport report = new()
        {
            Sequence = 7,
            State = ServingState.Serving,
            Slots = 4,
            SlotsFree = 2,
            SlotsLeased = 1,
            QueueDepth = 2,
            QueueMax = 16,
            PrefillTokensPerSecond = 512,
            DecodeTokensPerSecond = 32.5f,
        };
        change(report);
        return report;
    }
}
