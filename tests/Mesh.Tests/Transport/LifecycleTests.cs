using System;
using System.Text;
using Darkbloom.Mesh.Transport;
using Darkbloom.Mesh.Transport.Paths;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>How sessions stay alive, change keys and addresses, and end.</summary>
public sealed class LifecycleTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public void The_initiator_proves_its_keys_at_once()
    {
        using Pair pair = new();
        pair.RunUntil(() => pair.Server.Connection.Statistics.PacketsReceived > 0);
        Assert.Equal(1, pair.Client.DatagramsSent);
    }

    [Fact]
    public void Close_reaches_the_peer_with_code_and_reason()
    {
        using Pair pair = new();
        pair.Client.Connection.Close(pair.Now, 42, "done");
        Assert.Equal(new CloseReason(CloseCause.LocalApplication, 42, "done"), pair.Client.Connection.CloseReason);
        pair.RunUntil(() => pair.Server.Has(ConnectionEventKind.Closed));
        Assert.Equal(new CloseReason(CloseCause.RemoteApplication, 42, "done"), pair.Server.Connection.CloseReason);
        Assert.Equal(ConnectionState.Draining, pair.Server.Connection.State);
        pair.RunUntil(() => pair.Server.Connection.State == ConnectionState.Drained && pair.Client.Connection.State == ConnectionState.Drained);
        Assert.Null(pair.Client.Connection.NextTimeout);
        Assert.Single(pair.Client.Events, e => e.Kind == ConnectionEventKind.Closed);
    }

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    public void A_long_reason_is_cut_to_its_limit(int length)
    {
        using Pair pair = new();
        pair.Client.Connection.Close(pair.Now, 1, new string('x', length));
        pair.RunUntil(() => pair.Server.Has(ConnectionEventKind.Closed));
        Assert.Equal(Math.Min(length, CloseFrame.ReasonBytesMax), pair.Server.Connection.CloseReason!.Text.Length);
    }

    [Fact]
    public void A_long_reason_is_cut_between_characters()
    {
        using Pair pair = new();
        pair.Client.Connection.Close(pair.Now, 1, new string('x', 255) + "é");
        pair.RunUntil(() => pair.Server.Has(ConnectionEventKind.Closed));
        Assert.Equal(255, Encoding.UTF8.GetByteCount(pair.Server.Connection.CloseReason!.Text));
    }

    [Fact]
    public void A_lost_close_is_repeated_when_the_peer_keeps_sending()
    {
        using Pair pair = new();
        pair.Run(s_second);
        bool dropped = false;
        pair.Drops = (side, _) => side == pair.Client && !dropped && (dropped = true);
        pair.Client.Connection.Close(pair.Now, 7, "");
        _ = pair.Server.OpenAndSend(new byte[100]);
        pair.RunUntil(() => pair.Server.Has(ConnectionEventKind.Closed), s_second);
        Assert.True(dropped);
        Assert.Equal(7UL, pair.Server.Connection.CloseReason!.Code);
    }

    [Fact]
    public void Silence_ends_a_session_after_the_idle_timeout()
    {
        using Pair pair = new();
        pair.Run(s_second);
        pair.Drops = (_, _) => true;
        Instant start = pair.Now;
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.Closed) && pair.Server.Has(ConnectionEventKind.Closed), s_second * 60);
        Assert.Equal(CloseCause.IdleTimeout, pair.Client.Connection.CloseReason!.Cause);
        Assert.Equal(ConnectionState.Drained, pair.Client.Connection.State);
        Assert.InRange((pair.Now - start).TotalSeconds, 28, 57); // a PING may have gone out 25 s after the last packet
    }

    [Fact]
    public void The_smaller_idle_timeout_holds()
    {
        ConnectionOptions hasty = new() { IdleTimeout = s_second * 3 };
        using Pair pair = new(client: new ConnectionOptions(), server: hasty);
        pair.Run(s_second);
        pair.Drops = (_, _) => true;
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.Closed), s_second * 8);
        Assert.Equal(CloseCause.IdleTimeout, pair.Client.Connection.CloseReason!.Cause);
    }

    [Fact]
    public void Keepalives_hold_an_idle_session_open_and_are_rare_without_streams()
    {
        using Pair pair = new();
        pair.Run(s_second * 600);
        Assert.Equal(ConnectionState.Open, pair.Client.Connection.State);
        Assert.Equal(ConnectionState.Open, pair.Server.Connection.State);
        Assert.InRange(pair.Client.DatagramsSent + pair.Server.DatagramsSent, 50, 80);
    }

    [Fact]
    public void Keepalives_come_four_times_as_often_while_a_stream_is_open()
    {
        using Pair pair = new();
        StreamId stream = pair.Client.Connection.OpenStream(StreamPriority.Control)!.Value;
        pair.Client.Send(stream, new byte[10], complete: false);
        pair.Run(s_second * 600);
        Assert.InRange(pair.Client.DatagramsSent + pair.Server.DatagramsSent, 220, 320);
    }

    [Fact]
    public void A_peer_with_an_open_request_is_asked_four_times_a_second()
    {
        using Pair pair = new();
        _ = pair.Client.OpenAndSend(new byte[10], complete: false);
        pair.Run(s_second * 60);
        Assert.InRange(pair.Client.DatagramsSent + pair.Server.DatagramsSent, 60 * 4, 60 * 20);
        Assert.False(pair.Client.Has(ConnectionEventKind.Suspected));
    }

    [Fact]
    public void A_peer_that_falls_silent_during_a_request_is_suspected_within_a_second_and_once()
    {
        using Pair pair = new();
        _ = pair.Client.OpenAndSend(new byte[10], complete: false);
        pair.Run(s_second * 3);
        pair.Drops = (_, _) => true;
        Instant start = pair.Now;
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.Suspected), s_second);
        Assert.InRange((pair.Now - start).TotalSeconds, 0.6, 1);
        pair.Run(s_second * 3);
        Assert.Equal(ConnectionState.Open, pair.Client.Connection.State);
        Assert.Equal(1, pair.Client.Count(ConnectionEventKind.Suspected));
        Assert.True(pair.Client.Connection.IsSuspected);

        pair.Drops = null;
        pair.Run(s_second * 3);
        Assert.False(pair.Client.Connection.IsSuspected);
        pair.Drops = (_, _) => true;
        pair.RunUntil(() => pair.Client.Count(ConnectionEventKind.Suspected) == 2, s_second);
    }

    [Fact]
    public void A_peer_that_falls_silent_without_a_request_is_not_suspected()
    {
        using Pair pair = new();
        pair.Run(s_second * 3);
        pair.Drops = (_, _) => true;
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.Closed), s_second * 60);
        Assert.False(pair.Client.Has(ConnectionEventKind.Suspected));
    }

    [Fact]
    public void A_peer_that_dies_while_a_stream_is_open_is_noticed_within_ten_seconds()
    {
        using Pair pair = new();
        StreamId stream = pair.Client.OpenAndSend(new byte[10], complete: false);
        pair.Run(s_second * 4.9);
        pair.Drops = (_, _) => true;
        Instant start = pair.Now;
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.Closed), s_second * 10.01);
        Assert.Equal(CloseCause.IdleTimeout, pair.Client.Connection.CloseReason!.Cause);
        Assert.InRange((pair.Now - start).TotalSeconds, 4.5, 10.01);
        Assert.Equal(0, pair.Client.Connection.Write(stream, [1]));
    }

    [Fact]
    public void A_stream_opened_after_a_long_silence_gives_the_peer_time_to_answer()
    {
        using Pair pair = new();
        pair.Run(s_second * 19.5);
        StreamId stream = pair.Client.Open();
        pair.Client.Connection.Timeout(pair.Now);
        Assert.Equal(ConnectionState.Open, pair.Client.Connection.State);
        pair.Client.Send(stream, new byte[10], complete: false);
        pair.Run(s_second * 60);
        Assert.Equal(ConnectionState.Open, pair.Client.Connection.State);
        Assert.Equal(ConnectionState.Open, pair.Server.Connection.State);
    }

    [Fact]
    public void A_path_that_comes_back_is_used_within_the_longest_probe_interval()
    {
        using Pair pair = new();
        byte[] data = TransferTests.Bytes(100_000, 1);
        pair.Run(s_second);
        pair.Drops = (_, _) => true;
        StreamId stream = pair.Client.OpenAndSend(data);
        pair.Run(s_second * 8);
        pair.Drops = null;
        pair.RunUntil(() => pair.Server.HasFinished(stream), LossRecovery.ProbeIntervalMax + s_second);
        Assert.Equal(data, pair.Server.BytesOf(stream));
    }

    [Fact]
    public void A_doubted_connection_that_answers_stays()
    {
        using Pair pair = new();
        pair.Run(s_second);
        pair.Client.Connection.Doubt(pair.Now);
        pair.Run(s_second * 40);
        Assert.Equal(ConnectionState.Open, pair.Client.Connection.State);
    }

    [Fact]
    public void A_doubted_connection_that_stays_silent_ends_soon()
    {
        using Pair pair = new();
        pair.Run(s_second);
        pair.Drops = (_, _) => true;
        pair.Client.Connection.Doubt(pair.Now);
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.Closed), s_second * 1.01);
        Assert.Equal(CloseCause.IdleTimeout, pair.Client.Connection.CloseReason!.Cause);
    }

    [Fact]
    public void Keys_change_while_bytes_flow_in_both_directions()
    {
        ConnectionOptions options = new() { KeyPhasePackets = 20 };
        using Pair pair = new(client: options);
        byte[] data = TransferTests.Bytes(500_000, 1);
        pair.Server.OnEvent = e =>
        {
            if (e.Kind == ConnectionEventKind.StreamOpened)
            {
                pair.Server.Send(e.Stream, data);
            }
        };
        StreamId stream = pair.Client.OpenAndSend(data);
        pair.RunUntil(() => pair.Server.HasFinished(stream) && pair.Client.HasFinished(stream));
        Assert.Equal(data, pair.Server.BytesOf(stream));
        Assert.Equal(data, pair.Client.BytesOf(stream));
        Assert.True(pair.Client.Connection.Statistics.KeyPhases >= 4, $"{pair.Client.Connection.Statistics}");
        Assert.Equal(0, pair.Client.Connection.Statistics.PacketsForged + pair.Server.Connection.Statistics.PacketsForged);
    }

    [Fact]
    public void Keys_change_with_time_even_if_little_is_sent()
    {
        using Pair pair = new();
        pair.Run(s_second * 600);
        Assert.InRange(pair.Client.Connection.Statistics.KeyPhases, 3, 5);
        Assert.Equal(pair.Client.Connection.Statistics.KeyPhases, pair.Server.Connection.Statistics.KeyPhases);
    }

    [Fact]
    public void A_rebound_client_is_followed_after_it_answered_a_challenge()
    {
        using Pair pair = new();
        byte[] data = TransferTests.Bytes(400_000, 1);
        StreamId stream = pair.Client.OpenAndSend(data);
        pair.Run(TimeSpan.FromMilliseconds(25));
        pair.Client.Address = pair.Client.Address with { Port = 9999 };
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        Assert.Equal(data, pair.Server.BytesOf(stream));
        Assert.Equal(pair.Client.Address, pair.Server.Connection.Path);
        Assert.Contains(pair.Server.Events, e => e.Kind == ConnectionEventKind.PathChanged && e.Address == pair.Client.Address);
        pair.Run(s_second);
        Assert.Contains(pair.Client.Events, e => e.Kind == ConnectionEventKind.AddressObserved && e.Address == pair.Client.Address);
    }

    [Fact]
    public void An_address_that_answers_no_challenge_gets_no_bytes()
    {
        using RawPeer peer = new();
        PathAddress elsewhere = new(7, 7);
        byte[] buffer = new byte[1500];
        peer.Send(0x20, 0x00, 0x01, 0xAA);
        peer.Connection.Receive(peer.Now, elsewhere, peer.Seal(0x20, 0x00, 0x02, 0xAA, 0xBB, 0, 0, 0, 0, 0, 0, 0, 0));
        int challenges = 0;
        for (int i = 0; i < 100; i++)
        {
            _ = peer.Connection.Write(new StreamId(0), new byte[10]);
            while (peer.Connection.TryTransmit(peer.Now, buffer, out Transmit transmit))
            {
                challenges += transmit.Target == elsewhere ? 1 : 0;
                Assert.True(transmit.Target == RawPeer.Address || transmit.Length < 60);
            }
            peer.Now += TimeSpan.FromMilliseconds(100);
            peer.Connection.Timeout(peer.Now);
        }
        Assert.Equal(PathValidator.ChallengesMax, challenges);
        Assert.Equal(RawPeer.Address, peer.Connection.Path);
    }

    [Fact]
    public void A_wrong_answer_to_a_challenge_moves_nothing()
    {
        using RawPeer peer = new();
        PathAddress elsewhere = new(7, 7);
        peer.Connection.Receive(peer.Now, elsewhere, peer.Seal(0x01));
        while (peer.Take().Length > 0)
        {
        }
        peer.Connection.Receive(peer.Now, elsewhere, peer.Seal(0x1B, 1, 2, 3, 4, 5, 6, 7, 8));
        Assert.Equal(RawPeer.Address, peer.Connection.Path);
    }

    [Fact]
    public void A_challenge_is_answered_where_it_came_from()
    {
        using RawPeer peer = new();
        PathAddress elsewhere = new(7, 7);
        peer.Connection.Receive(peer.Now, elsewhere, peer.Seal(0x1A, 1, 2, 3, 4, 5, 6, 7, 8));
        byte[] buffer = new byte[1500];
        Assert.True(peer.Connection.TryTransmit(peer.Now, buffer, out Transmit transmit));
        Assert.Equal(elsewhere, transmit.Target);
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(4, 4)]
    [InlineData(5, 4)]
    public void At_most_four_answers_wait(int challenges, int answers)
    {
        using RawPeer peer = new();
        for (int i = 0; i < challenges; i++)
        {
            peer.Send(0x1A, 1, 2, 3, 4, 5, 6, 7, (byte)i);
        }
        int seen = 0;
        for (byte[] frames = peer.Take(); frames.Length > 0; frames = peer.Take())
        {
            seen += frames[0] == (byte)FrameType.PathResponse ? 1 : 0;
        }
        Assert.Equal(answers, seen);
    }

    [Fact]
    public void A_replayed_packet_is_dropped()
    {
        using RawPeer peer = new();
        byte[] packet = peer.Seal(0x20, 0x00, 0x02, 0xAA, 0xBB);
        peer.Connection.Receive(peer.Now, RawPeer.Address, packet);
        peer.Connection.Receive(peer.Now, RawPeer.Address, packet);
        Assert.Equal(1, peer.Connection.Statistics.PacketsReceived);
        Assert.Equal(1, peer.Connection.Statistics.PacketsDuplicate);
    }

    [Fact]
    public void A_closed_connection_takes_every_command_in_silence()
    {
        using Pair pair = new();
        StreamId stream = pair.Client.Open();
        pair.Client.Connection.Close(pair.Now, 0, "");
        pair.Client.Connection.Close(pair.Now, 1, "again");
        Assert.Null(pair.Client.Connection.OpenStream(StreamPriority.Bulk));
        Assert.Equal(0, pair.Client.Connection.Write(stream, new byte[10]));
        Assert.Equal(0, pair.Client.Connection.Read(stream, new byte[10], out bool finished));
        Assert.True(finished);
        pair.Client.Connection.CompleteWrites(stream);
        pair.Client.Connection.Reset(stream, 1);
        pair.Client.Connection.StopSending(stream, 1);
        pair.Run(s_second * 5);
        Assert.Equal(0UL, pair.Client.Connection.CloseReason!.Code);
    }

    [Fact]
    public void Early_and_repeated_timeouts_do_nothing()
    {
        using Pair pair = new();
        pair.Run(s_second);
        int sent = pair.Client.DatagramsSent;
        for (int i = 0; i < 1000; i++)
        {
            pair.Client.Connection.Timeout(pair.Now);
        }
        pair.Drain();
        Assert.Equal(sent, pair.Client.DatagramsSent);
        Assert.True(pair.Client.Connection.NextTimeout > pair.Now);
    }
}
