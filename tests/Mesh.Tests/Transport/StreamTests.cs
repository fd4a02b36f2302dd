using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>What streams promise their application.</summary>
public sealed class StreamTests
{
    [Fact]
    public void A_completed_half_leaves_the_other_open()
    {
        using Pair pair = new();
        StreamId stream = pair.Client.OpenAndSend([1, 2, 3]);
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        pair.Server.Send(stream, [4, 5], complete: false);
        pair.RunUntil(() => pair.Client.BytesOf(stream).Length == 2);
        Assert.False(pair.Client.HasFinished(stream));
        pair.Server.Send(stream, [6]);
        pair.RunUntil(() => pair.Client.HasFinished(stream));
        Assert.Equal([4, 5, 6], pair.Client.BytesOf(stream));
    }

    [Fact]
    public void An_empty_stream_is_opened_and_finished_by_its_end()
    {
        using Pair pair = new();
        StreamId stream = pair.Client.OpenAndSend([]);
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        Assert.Empty(pair.Server.BytesOf(stream));
    }

    [Fact]
    public void Reset_reaches_the_reader_with_its_code()
    {
        using Pair pair = new();
        StreamId stream = pair.Client.OpenAndSend(new byte[100], complete: false);
        pair.RunUntil(() => pair.Server.BytesOf(stream).Length == 100);
        pair.Client.Connection.Reset(stream, 77);
        pair.RunUntil(() => pair.Server.Has(ConnectionEventKind.StreamReset));
        Assert.Equal(77UL, pair.Server.Events.Single(e => e.Kind == ConnectionEventKind.StreamReset).Code);
        Assert.Equal(0, pair.Server.Connection.Read(stream, new byte[10], out bool finished));
        Assert.False(finished);
        Assert.Equal(0, pair.Client.Connection.Write(stream, new byte[10]));
    }

    [Fact]
    public void Reset_after_finish_is_ignored()
    {
        using Pair pair = new();
        StreamId stream = pair.Client.OpenAndSend([1]);
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.StreamFinished));
        pair.Client.Connection.Reset(stream, 1);
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.False(pair.Server.Has(ConnectionEventKind.StreamReset));
        Assert.True(pair.Server.HasFinished(stream));
    }

    [Fact]
    public void Stop_sending_resets_the_writer_and_tells_it_why()
    {
        using Pair pair = new();
        StreamId stream = pair.Client.OpenAndSend(new byte[1_000_000]);
        pair.RunUntil(() => pair.Server.BytesOf(stream).Length > 10_000);
        pair.Server.Connection.StopSending(stream, 5);
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.StreamStopped));
        Assert.Equal(5UL, pair.Client.Events.Single(e => e.Kind == ConnectionEventKind.StreamStopped).Code);
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.False(pair.Server.Has(ConnectionEventKind.StreamReset));
        Assert.True(pair.Client.BytesSent < 600_000, "the rest was not sent");
    }

    [Fact]
    public void Streams_that_were_stopped_do_not_shut_the_connection_window()
    {
        ConnectionOptions options = new()
        {
            ConnectionWindowBytes = 20_000,
            ConnectionWindowBytesMax = 20_000,
            StreamWindowBytes = 10_000,
            StreamWindowBytesMax = 10_000,
        };
        using Pair pair = new(client: options);
        pair.Server.ReadsByItself = false;
        for (int i = 0; i < 20; i++)
        {
            StreamId stream = pair.Client.OpenAndSend(new byte[50_000]);
            pair.Run(TimeSpan.FromMilliseconds(200));
            pair.Server.Connection.StopSending(stream, 1);
            pair.RunUntil(() => pair.Client.Events.Count(e => e.Kind == ConnectionEventKind.StreamStopped) > i);
        }
        pair.Server.ReadsByItself = true;
        StreamId last = pair.Client.OpenAndSend(new byte[50_000]);
        pair.RunUntil(() => pair.Server.HasFinished(last));
    }

    [Fact]
    public void A_reader_that_waits_stops_the_writer_at_the_window_and_then_gets_all()
    {
        ConnectionOptions options = new()
        {
            DatagramBytesMax = WireLimits.DatagramBytesMin,
            StreamWindowBytes = 10_000,
            StreamWindowBytesMax = 10_000,
        };
        using Pair pair = new(client: options);
        pair.Server.ReadsByItself = false;
        byte[] data = TransferTests.Bytes(300_000, 4);
        StreamId stream = pair.Client.OpenAndSend(data);
        pair.Run(TimeSpan.FromSeconds(3));
        Assert.InRange(pair.Client.BytesSent, 10_000, 14_000);
        pair.Server.ReadsByItself = true;
        pair.Server.Read(stream);
        Assert.Equal(10_000, pair.Server.BytesOf(stream).Length);
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        Assert.Equal(data, pair.Server.BytesOf(stream));
    }

    [Fact]
    public void A_slow_reader_of_one_stream_does_not_hold_up_another()
    {
        ConnectionOptions options = new() { StreamWindowBytes = 10_000, ConnectionWindowBytes = 30_000 };
        using Pair pair = new(client: options);
        pair.Server.ReadsByItself = false;
        StreamId slow = pair.Client.OpenAndSend(new byte[100_000], StreamPriority.Control);
        pair.Run(TimeSpan.FromSeconds(1));
        pair.Server.ReadsByItself = true;
        StreamId quick = pair.Client.OpenAndSend(new byte[100_000], StreamPriority.Bulk);
        pair.RunUntil(() => pair.Server.HasFinished(quick), TimeSpan.FromSeconds(5));
        Assert.False(pair.Server.HasFinished(slow));
    }

    [Fact]
    public void The_connection_window_holds_all_streams_and_lets_them_go_again()
    {
        ConnectionOptions options = new()
        {
            DatagramBytesMax = WireLimits.DatagramBytesMin,
            StreamWindowBytes = 8000,
            ConnectionWindowBytes = 10_000,
            ConnectionWindowBytesMax = 10_000,
        };
        using Pair pair = new(client: options);
        pair.Server.ReadsByItself = false;
        StreamId[] streams = [.. Enumerable.Range(0, 5).Select(_ => pair.Client.OpenAndSend(new byte[8000]))];
        pair.Run(TimeSpan.FromSeconds(2));
        Assert.InRange(pair.Client.BytesSent, 10_000, 14_000);
        pair.Server.ReadsByItself = true;
        foreach (StreamId stream in streams)
        {
            pair.Server.Read(stream);
        }
        pair.RunUntil(() => streams.All(pair.Server.HasFinished));
    }

    [Fact]
    public void Windows_grow_for_a_fast_reader_up_to_their_cap()
    {
        ConnectionOptions options = new()
        {
            StreamWindowBytes = 20_000,
            StreamWindowBytesMax = 1_000_000,
            ConnectionWindowBytes = 20_000,
            ConnectionWindowBytesMax = 1_000_000,
        };
        using Pair grown = new(new LinkFaults { Latency = TimeSpan.FromMilliseconds(20) }, options);
        using Pair fixedSize = new(
            new LinkFaults { Latency = TimeSpan.FromMilliseconds(20) },
            options with { StreamWindowBytesMax = 20_000, ConnectionWindowBytesMax = 20_000 });
        Assert.True(SecondsToSend(grown, 3_000_000) * 4 < SecondsToSend(fixedSize, 3_000_000));
    }

    [Fact]
    public void Opening_beyond_the_limit_waits_until_a_stream_closes()
    {
        using Pair pair = new(client: new ConnectionOptions(), server: new ConnectionOptions { StreamsMax = 2 });
        StreamId first = pair.Client.Open();
        _ = pair.Client.Open();
        Assert.Null(pair.Client.Connection.OpenStream(StreamPriority.Tokens));
        pair.Server.OnEvent = e =>
        {
            if (e.Kind == ConnectionEventKind.StreamOpened)
            {
                pair.Server.Send(e.Stream, [9]);
            }
        };
        pair.Client.Send(first, [1]);
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.StreamsAvailable));
        StreamId third = pair.Client.Open();
        Assert.Equal(2UL, third.Index);
        Assert.Null(pair.Client.Connection.OpenStream(StreamPriority.Tokens));
        pair.Client.Send(third, [1]);
        pair.RunUntil(() => pair.Server.HasFinished(third));
    }

    [Fact]
    public void Two_thousand_streams_one_after_the_other_leave_nothing_behind()
    {
        using Pair pair = new(client: new ConnectionOptions { StreamsMax = 4 });
        pair.Server.OnEvent = e =>
        {
            if (e.Kind == ConnectionEventKind.StreamOpened)
            {
                pair.Server.Send(e.Stream, [2]);
            }
        };
        for (int i = 0; i < 2000; i++)
        {
            StreamId? stream = null;
            pair.RunUntil(() => (stream = pair.Client.Connection.OpenStream(StreamPriority.Tokens)) is not null);
            pair.Client.Send(stream!.Value, [1]);
            pair.RunUntil(() => pair.Client.HasFinished(stream.Value));
        }
    }

    [Fact]
    public void A_stream_is_told_of_when_its_first_frame_arrives_even_if_a_later_one_came_before()
    {
        using RawPeer peer = new();
        peer.Send(Convert.FromHexString("200801AA"));
        Assert.True(peer.Connection.TryTakeEvent(out ConnectionEvent opened));
        Assert.Equal(new ConnectionEvent(ConnectionEventKind.StreamOpened, new StreamId(8)), opened);
        Assert.True(peer.Connection.TryTakeEvent(out ConnectionEvent readable));
        Assert.Equal(ConnectionEventKind.StreamReadable, readable.Kind);
        Assert.False(peer.Connection.TryTakeEvent(out _));
        peer.Send(Convert.FromHexString("200001AA"));
        Assert.True(peer.Connection.TryTakeEvent(out opened));
        Assert.Equal(new StreamId(0), opened.Stream);
    }

    [Fact]
    public void The_answer_travels_with_the_urgency_that_the_opener_chose()
    {
        using RawPeer peer = new();
        peer.Send(Convert.FromHexString("240001AA"));
        while (peer.Take().Length > 0)
        {
        }
        _ = peer.Connection.Write(new StreamId(0), [1, 2, 3]);
        Assert.EndsWith("240003010203", Convert.ToHexString(peer.Take()), StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_overtake_an_upload_and_the_upload_keeps_moving()
    {
        LinkFaults link = new() { Latency = TimeSpan.FromMilliseconds(5), BytesPerSecond = 1_000_000, QueueBytes = 30_000 };
        using Pair pair = new(link);
        StreamId bulk = pair.Client.OpenAndSend(new byte[8_000_000], StreamPriority.Bulk);
        StreamId prompts = pair.Client.OpenAndSend(new byte[8_000_000], StreamPriority.Prompts);
        pair.Run(TimeSpan.FromSeconds(1));
        int bulkBefore = pair.Server.BytesOf(bulk).Length;
        int promptsBefore = pair.Server.BytesOf(prompts).Length;
        pair.Run(TimeSpan.FromSeconds(6));
        double bulkBytes = pair.Server.BytesOf(bulk).Length - bulkBefore;
        double promptBytes = pair.Server.BytesOf(prompts).Length - promptsBefore;
        Assert.InRange(bulkBytes / (bulkBytes + promptBytes), 0.08, 0.12);

        StreamId tokens = pair.Client.OpenAndSend([1], StreamPriority.Tokens);
        Instant start = pair.Now;
        pair.RunUntil(() => pair.Server.HasFinished(tokens));
        Assert.True(pair.Now - start < TimeSpan.FromMilliseconds(60), $"{pair.Now - start}");
    }

    [Fact]
    public void Streams_of_one_priority_take_turns()
    {
        LinkFaults link = new() { BytesPerSecond = 1_000_000, QueueBytes = 30_000 };
        using Pair pair = new(link);
        List<StreamId> streams = [.. Enumerable.Range(0, 4).Select(_ => pair.Client.OpenAndSend(new byte[1_000_000]))];
        pair.Run(TimeSpan.FromSeconds(2));
        int[] bytes = [.. streams.Select(s => pair.Server.BytesOf(s).Length)];
        Assert.True(bytes.Min() > bytes.Max() * 0.8, string.Join(' ', bytes));
    }

    [Fact]
    public void Writable_is_told_once_there_is_room_for_half_a_buffer()
    {
        using Pair pair = new();
        StreamId stream = pair.Client.Open();
        int taken = pair.Client.Connection.Write(stream, new byte[1_000_000]);
        Assert.InRange(taken, 1, 999_999);
        Assert.Equal(0, pair.Client.Connection.Write(stream, new byte[1]));
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.StreamWritable));
        Assert.Single(pair.Client.Events, e => e.Kind == ConnectionEventKind.StreamWritable);
        Assert.True(pair.Client.Connection.Write(stream, new byte[1_000_000]) >= taken / 2);
    }

    [Fact]
    public void All_streams_together_buffer_no_more_than_the_connection_may()
    {
        using Pair pair = new(client: new ConnectionOptions { SendBufferBytesMax = 100_000 });
        int taken = 0;
        for (int i = 0; i < 10; i++)
        {
            taken += pair.Client.Connection.Write(pair.Client.Open(StreamPriority.Control), new byte[50_000]);
        }
        Assert.Equal(100_000, taken);
    }

    [Fact]
    public void Less_urgent_bytes_leave_room_to_write_more_urgent_ones()
    {
        using Pair pair = new(client: new ConnectionOptions { SendBufferBytesMax = 160_000 });
        int taken = 0;
        foreach ((StreamPriority priority, int mayTake) in new[]
        {
            (StreamPriority.Bulk, 130_000), (StreamPriority.Prompts, 140_000), (StreamPriority.Tokens, 150_000), (StreamPriority.Control, 160_000),
        })
        {
            for (int i = 0; i < 4; i++)
            {
                taken += pair.Client.Connection.Write(pair.Client.Open(priority), new byte[50_000]);
            }
            Assert.Equal(mayTake, taken);
        }
    }

    [Fact]
    public void A_writer_is_woken_however_small_the_send_buffers_are()
    {
        using Pair pair = new(client: new ConnectionOptions { SendBufferBytesMax = 20_000 });
        byte[] data = TransferTests.Bytes(5_000_000, 3);
        StreamId stream = pair.Client.OpenAndSend(data, StreamPriority.Bulk);
        pair.RunUntil(() => pair.Server.HasFinished(stream), TimeSpan.FromMinutes(5));
        Assert.Equal(data, pair.Server.BytesOf(stream));
    }

    private static double SecondsToSend(Pair pair, int bytes)
    {
        Instant start = pair.Now;
        StreamId stream = pair.Client.OpenAndSend(new byte[bytes]);
        pair.RunUntil(() => pair.Server.HasFinished(stream), TimeSpan.FromMinutes(5));
        return (pair.Now - start).TotalSeconds;
    }
}
