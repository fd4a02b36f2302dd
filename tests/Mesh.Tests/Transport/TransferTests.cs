using System;
using System.Linq;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>Bytes arrive once, in order and with their end, whatever the path does.</summary>
public sealed class TransferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1200)]
    [InlineData(100_000)]
    [InlineData(3_000_000)]
    public void Bytes_arrive_in_both_directions(int length)
    {
        using Pair pair = new();
        byte[] request = Bytes(length, 1);
        byte[] response = Bytes(length, 2);
        pair.Server.OnEvent = e =>
        {
            if (e.Kind == ConnectionEventKind.StreamOpened)
            {
                pair.Server.Send(e.Stream, response);
            }
        };
        StreamId stream = pair.Client.OpenAndSend(request);
        pair.RunUntil(
            () => pair.Server.HasFinished(stream) && pair.Client.HasFinished(stream)
                && pair.Client.Has(ConnectionEventKind.StreamFinished) && pair.Server.Has(ConnectionEventKind.StreamFinished),
            awaited: "both ends");
        Assert.True(request.AsSpan().SequenceEqual(pair.Server.BytesOf(stream)));
        Assert.True(response.AsSpan().SequenceEqual(pair.Client.BytesOf(stream)));
    }

    [Fact]
    public void Many_streams_share_a_connection()
    {
        using Pair pair = new();
        StreamId[] streams = [.. Enumerable.Range(0, 100).Select(i => pair.Client.OpenAndSend(Bytes(5000 + i, (ulong)i)))];
        pair.RunUntil(() => streams.All(pair.Server.HasFinished));
        for (int i = 0; i < streams.Length; i++)
        {
            Assert.Equal(Bytes(5000 + i, (ulong)i), pair.Server.BytesOf(streams[i]));
        }
    }

    [Fact]
    public void Losing_any_one_packet_loses_nothing()
    {
        byte[] data = Bytes(40_000, 3);
        for (int lost = 0; lost < 45; lost++)
        {
            foreach (string loser in new[] { "client", "server" })
            {
                using Pair pair = new();
                int index = lost;
                pair.Drops = (side, i) => side.Name == loser && i == index;
                StreamId stream = pair.Client.OpenAndSend(data);
                pair.RunUntil(() => pair.Server.HasFinished(stream) && pair.Client.Has(ConnectionEventKind.StreamFinished));
                Assert.Equal(data, pair.Server.BytesOf(stream));
            }
        }
    }

    internal static byte[] Bytes(int length, ulong seed)
    {
        Prng prng = new(seed);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)(prng.NextUInt64() >> 56);
        }
        return bytes;
    }
}
