using System;
using System.Linq;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>Streams on which only their opener sends.</summary>
public sealed class UnidirectionalTests
{
    private static readonly ConnectionOptions s_options = new() { UnidirectionalStreamsMax = 2 };

    [Fact]
    public void Bytes_arrive_and_the_stream_closes_without_an_answer()
    {
        using Pair pair = new(client: s_options);
        for (int i = 0; i < 20; i++)
        {
            StreamId? opened = null;
            pair.RunUntil(() => (opened = pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens)) is not null);
            StreamId stream = opened!.Value;
            Assert.Equal(((ulong)i << 2) | 2, stream.Value);
            byte[] data = TransferTests.Bytes(5000, (ulong)i);
            pair.Client.Send(stream, data);
            pair.RunUntil(() => pair.Server.HasFinished(stream));
            Assert.Equal(data, pair.Server.BytesOf(stream));
        }
    }

    [Fact]
    public void The_responder_opens_them_as_well()
    {
        using Pair pair = new(client: s_options);
        StreamId stream = pair.Server.Connection.OpenUnidirectionalStream(StreamPriority.Bulk)!.Value;
        Assert.Equal(3UL, stream.Value);
        pair.Server.Send(stream, [1, 2]);
        pair.RunUntil(() => pair.Client.HasFinished(stream));
    }

    [Fact]
    public void Each_kind_has_a_limit_of_its_own()
    {
        using Pair pair = new(client: s_options with { StreamsMax = 1 });
        _ = pair.Client.Connection.OpenStream(StreamPriority.Tokens);
        Assert.Null(pair.Client.Connection.OpenStream(StreamPriority.Tokens));
        StreamId first = pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens)!.Value;
        _ = pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens);
        Assert.Null(pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens));
        pair.Client.Send(first, [1]);
        pair.RunUntil(() => pair.Client.Has(ConnectionEventKind.StreamsAvailable));
        ConnectionEvent available = pair.Client.Events.Single(e => e.Kind == ConnectionEventKind.StreamsAvailable);
        Assert.False(available.Stream.IsBidirectional);
        Assert.Null(pair.Client.Connection.OpenStream(StreamPriority.Tokens));
        Assert.Equal(available.Stream, pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens));
    }

    [Fact]
    public void A_peer_that_expects_none_admits_none()
    {
        using Pair pair = new();
        Assert.Null(pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens));
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(ConnectionState.Open, pair.Server.Connection.State);
    }

    [Fact]
    public void The_missing_direction_can_neither_be_used_nor_ended()
    {
        using Pair pair = new(client: s_options);
        StreamId stream = pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens)!.Value;
        pair.Client.Send(stream, [1], complete: false);
        pair.RunUntil(() => pair.Server.BytesOf(stream).Length == 1);
        Assert.Equal(0, pair.Client.Connection.Read(stream, new byte[1], out bool finished));
        Assert.True(finished);
        pair.Client.Connection.StopSending(stream, 1);
        Assert.Equal(0, pair.Server.Connection.Write(stream, [1]));
        pair.Server.Connection.CompleteWrites(stream);
        pair.Server.Connection.Reset(stream, 1);
        pair.Client.Send(stream, [2]);
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        Assert.False(pair.Client.Has(ConnectionEventKind.StreamReset) || pair.Server.Has(ConnectionEventKind.StreamStopped));
    }

    [Fact]
    public void Reset_and_stop_close_them_with_their_codes()
    {
        using Pair pair = new(client: s_options);
        StreamId reset = pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens)!.Value;
        StreamId stopped = pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens)!.Value;
        pair.Client.Send(reset, [1], complete: false);
        pair.Client.Send(stopped, [1], complete: false);
        pair.RunUntil(() => pair.Server.BytesOf(stopped).Length == 1);
        pair.Client.Connection.Reset(reset, 7);
        pair.Server.Connection.StopSending(stopped, 8);
        pair.RunUntil(() => pair.Server.Has(ConnectionEventKind.StreamReset) && pair.Client.Has(ConnectionEventKind.StreamStopped));
        Assert.Equal(7UL, pair.Server.Events.Single(e => e.Kind == ConnectionEventKind.StreamReset).Code);
        Assert.Equal(8UL, pair.Client.Events.Single(e => e.Kind == ConnectionEventKind.StreamStopped).Code);
        pair.RunUntil(() => pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens) is not null);
        pair.RunUntil(() => pair.Client.Connection.OpenUnidirectionalStream(StreamPriority.Tokens) is not null);
    }

    [Theory]
    [InlineData("220603" + "01AA", true)] // the second of two
    [InlineData("220A03" + "01AA", false)] // the third
    public void The_last_allowed_one_is_allowed(string frames, bool isAllowed)
    {
        using RawPeer peer = new(s_options);
        peer.Send(Convert.FromHexString(frames));
        Assert.Equal(isAllowed ? null : (ulong)TransportErrorCode.StreamLimit, peer.Connection.CloseReason?.Code);
    }
}
