using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Tests.Transport.Congestion;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Mesh.Transport.Recovery.Bbr;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery.Bbr;

/// <summary>The states on a path of 20 Mbit/s and 40 ms: 100 KB fit into it.</summary>
public sealed class BbrControllerTests
{
    private const int Datagram = 1200;
    private const double BytesPerSecond = 2_500_000;
    private const double Product = BytesPerSecond * 0.04;
    private static readonly BottleneckLink s_link = new() { MegabitsPerSecond = 20, QueueBytes = 200_000 };

    private readonly BbrController _controller;
    private readonly LossRecovery _recovery;
    private readonly LinkDirection _direction = new(s_link, new Prng(1));
    private readonly Queue<(Instant At, ulong Number)> _acks = new();
    private readonly List<BbrState> _states = [BbrState.Startup];
    private readonly PacketRange[] _ranges = new PacketRange[1];
    private Instant _now = new(1_000_000_000);
    private ulong _next;

    public BbrControllerTests()
    {
        _controller = new BbrController(Datagram, new Prng(1), _now);
        _recovery = new LossRecovery(
            _controller, new RttEstimator(TimeSpan.FromMilliseconds(333)), TimeSpan.FromMilliseconds(10), Datagram, _now);
    }

    [Fact]
    public void Startup_fills_the_pipe_and_drain_empties_the_queue()
    {
        Run(seconds: 1.5);
        Assert.Equal([BbrState.Startup, BbrState.Drain, BbrState.Cruise], _states);
        Assert.InRange(_controller.BytesPerSecond, BytesPerSecond * 0.95, BytesPerSecond * 1.05);
        Assert.InRange(_recovery.BytesInFlight, Product * 0.8, Product * 1.2);
        Assert.Equal(0, _recovery.LostCount);
    }

    [Fact]
    public void A_probe_goes_through_refill_and_up_and_comes_down_again()
    {
        Run(seconds: 6);
        int refill = _states.IndexOf(BbrState.Refill);
        Assert.Equal([BbrState.Refill, BbrState.Up, BbrState.Down, BbrState.Cruise], _states.GetRange(refill, 4));
    }

    [Fact]
    public void A_flow_whose_queue_empties_needs_no_pause_to_measure_the_round_trip()
    {
        Run(seconds: 30);
        Assert.DoesNotContain(BbrState.ProbeRtt, _states);
    }

    [Fact]
    public void A_path_that_grew_longer_is_measured_in_a_pause_and_believed()
    {
        Run(seconds: 2);
        _direction.Link = s_link with { RoundTrip = TimeSpan.FromMilliseconds(60) };
        Run(seconds: 7);
        Assert.Contains(BbrState.ProbeRtt, _states);
        Run(seconds: 8);
        Assert.InRange(_controller.MinimumRtt!.Value.TotalMilliseconds, 60, 63);
    }

    [Fact]
    public void Twice_the_rate_is_found_within_a_few_probes()
    {
        Run(seconds: 3);
        _direction.Link = s_link with { MegabitsPerSecond = 40 };
        Run(seconds: 9);
        Assert.InRange(_controller.BytesPerSecond, BytesPerSecond * 1.8, BytesPerSecond * 2.1);
    }

    [Fact]
    public void Half_the_rate_is_believed_within_a_few_probes()
    {
        Run(seconds: 3);
        _direction.Link = s_link with { MegabitsPerSecond = 10 };
        Run(seconds: 9);
        Assert.InRange(_controller.BytesPerSecond, BytesPerSecond * 0.45, BytesPerSecond * 0.6);
    }

    [Fact]
    public void A_trickle_of_tokens_says_nothing_of_what_the_path_has()
    {
        Run(seconds: 3);
        double before = _controller.BytesPerSecond;
        for (int i = 0; i < 500; i++)
        {
            _recovery.OnApplicationLimited();
            Send();
            Run(seconds: 0.02, isBulk: false);
        }
        Assert.InRange(_controller.BytesPerSecond, before * 0.95, before * 1.05);
    }

    [Fact]
    public void A_shallow_queue_bounds_what_is_in_flight()
    {
        _direction.Link = s_link with { QueueBytes = 10_000 };
        Run(seconds: 10);
        Assert.True(_recovery.LostCount > 0);
        Assert.InRange(_controller.WindowBytes, Product * 0.7, Product * 1.3);
        Assert.InRange(_controller.BytesPerSecond, BytesPerSecond * 0.9, BytesPerSecond * 1.05);
    }

    [Fact]
    public void Persistent_congestion_leaves_the_least_window_and_the_model_brings_it_back()
    {
        Run(seconds: 2);
        _controller.OnPersistentCongestion(_now);
        Assert.Equal(CongestionWindow.MinimumBytes(Datagram), _controller.WindowBytes);
        Run(seconds: 0.5);
        Assert.InRange(_controller.WindowBytes, Product, Product * 2);
    }

    private void Run(double seconds, bool isBulk = true)
    {
        Instant end = _now + TimeSpan.FromSeconds(seconds);
        while (_now < end)
        {
            _now += TimeSpan.FromMicroseconds(200);
            while (_acks.TryPeek(out (Instant At, ulong Number) ack) && ack.At <= _now)
            {
                _ = _acks.Dequeue();
                _ranges[0] = new PacketRange(ack.Number, ack.Number);
                _recovery.OnAck(_now, new AckFrame(_ranges, 0), TimeSpan.Zero);
                Note();
            }
            _recovery.OnTimeout(_now);
            while (isBulk && MaySend())
            {
                Send();
            }
            _recovery.Acknowledged.Clear();
            _recovery.Lost.Clear();
        }
    }

    private bool MaySend()
    {
        if (!_recovery.HasWindow)
        {
            _recovery.OnWindowLimited();
            return false;
        }
        return _recovery.NextSend(_now) <= _now;
    }

    private void Send()
    {
        ulong number = _next++;
        _recovery.OnSent(_now, number, Datagram, SentFrameLists.Empty);
        if (_direction.Carry(_now, Datagram) is { } arrival)
        {
            _acks.Enqueue((arrival + (_direction.Link.RoundTrip / 2), number));
        }
    }

    private void Note()
    {
        if (_states[^1] != _controller.State)
        {
            _states.Add(_controller.State);
        }
    }
}
