using System;
using System.Buffers.Binary;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

public sealed class MessageStreamTests
{
    [Fact]
    public async Task Messages_arrive_one_by_one_and_then_the_end()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MessageStream<TokenDelta, TokenDelta> client, MessageStream<TokenDelta, TokenDelta> server) = await OpenAsync(pair);

        for (uint i = 0; i < 100; i++)
        {
            await client.WriteAsync(new TokenDelta { Offset = i, Content = new string('x', (int)i) }, pair.Patience);
        }
        client.CompleteWrites();

        for (uint i = 0; i < 100; i++)
        {
            Assert.Equal(i, (await server.ReadAsync(pair.Patience))!.Offset);
        }
        Assert.Null(await server.ReadAsync(pair.Patience));
    }

    [Fact]
    public async Task An_empty_message_is_a_message()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MessageStream<TokenDelta, TokenDelta> client, MessageStream<TokenDelta, TokenDelta> server) = await OpenAsync(pair);

        await client.WriteAsync(new TokenDelta(), pair.Patience);

        Assert.Equal(new TokenDelta(), await server.ReadAsync(pair.Patience));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    public async Task The_largest_message_passes(int beyond)
    {
        await using HostPair pair = HostPair.OverUdp();
        (MessageStream<TokenDelta, TokenDelta> client, MessageStream<TokenDelta, TokenDelta> server) = await OpenAsync(pair);
        TokenDelta largest = OfSize(MessageStream<TokenDelta, TokenDelta>.MessageBytesMax + beyond);

        Task writing = client.WriteAsync(largest, pair.Patience).AsTask();

        Assert.Equal(largest, await server.ReadAsync(pair.Patience));
        await writing;
    }

    [Fact]
    public async Task A_message_one_byte_too_long_is_the_callers_fault()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MessageStream<TokenDelta, TokenDelta> client, _) = await OpenAsync(pair);
        TokenDelta tooLong = OfSize(MessageStream<TokenDelta, TokenDelta>.MessageBytesMax + 1);

        _ = await Assert.ThrowsAsync<ArgumentException>(() => client.WriteAsync(tooLong, pair.Patience).AsTask());
    }

    [Theory]
    [InlineData(new byte[] { 0x00, 0x40, 0x00, 0x01 }, "a length above the limit")]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }, "a negative length")]
    [InlineData(new byte[] { 0, 0, 0 }, "an end inside a length")]
    [InlineData(new byte[] { 0, 0, 0, 5, 1 }, "an end inside a message")]
    [InlineData(new byte[] { 0, 0, 0, 2, 0x22, 0x7F }, "bytes that are no message")]
    public async Task Broken_framing_is_the_peers_fault(byte[] bytes, string what)
    {
        await using HostPair pair = HostPair.OverUdp();
        (MessageStream<TokenDelta, TokenDelta> client, MessageStream<TokenDelta, TokenDelta> server) = await OpenAsync(pair);
        await client.Stream.WriteAsync(bytes, pair.Patience);
        client.CompleteWrites();

        MeshException error = await Assert.ThrowsAsync<MeshException>(() => server.ReadAsync(pair.Patience).AsTask());

        Assert.True(error.Error == MeshError.ProtocolViolation, what);
    }

    [Fact]
    public async Task A_read_cancelled_inside_a_message_goes_on_where_it_stopped()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MessageStream<TokenDelta, TokenDelta> client, MessageStream<TokenDelta, TokenDelta> server) = await OpenAsync(pair);
        byte[] frame = Frame(new TokenDelta { Content = "whole" });
        for (int cut = 1; cut < frame.Length; cut++)
        {
            await client.Stream.WriteAsync(frame.AsMemory(0, cut), pair.Patience);
            using CancellationTokenSource cancel = new();
            Task<TokenDelta?> reading = server.ReadAsync(cancel.Token).AsTask();
            await cancel.CancelAsync();
            _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

            await client.Stream.WriteAsync(frame.AsMemory(cut), pair.Patience);

            Assert.Equal("whole", (await server.ReadAsync(pair.Patience))!.Content);
        }
    }

    private static byte[] Frame(TokenDelta message)
    {
        byte[] frame = new byte[4 + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame, message.CalculateSize());
        message.WriteTo(frame.AsSpan(4));
        return frame;
    }

    private static TokenDelta OfSize(int bytes)
    {
        TokenDelta message = new() { Content = new string('x', bytes) };
        message.Content = new string('x', bytes - (message.CalculateSize() - bytes));
        Assert.Equal(bytes, message.CalculateSize());
        return message;
    }

    private static async Task<(MessageStream<TokenDelta, TokenDelta> Client, MessageStream<TokenDelta, TokenDelta> Server)>
        OpenAsync(HostPair pair)
    {
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        MessageStream<TokenDelta, TokenDelta> opened =
            new(await client.OpenStreamAsync(StreamPriority.Tokens, pair.Patience));
        await opened.WriteAsync(new TokenDelta { Offset = uint.MaxValue }, pair.Patience);
        MessageStream<TokenDelta, TokenDelta> accepted = new(await server.AcceptStreamAsync(pair.Patience));
        Assert.Equal(uint.MaxValue, (await accepted.ReadAsync(pair.Patience))!.Offset);
        return (opened, accepted);
    }
}
