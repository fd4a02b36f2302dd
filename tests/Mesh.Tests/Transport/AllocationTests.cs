using System;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Tests.Support;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>The budget of the packet path: no byte of garbage in a steady state.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void Ten_thousand_packets_and_their_acknowledgements_allocate_nothing()
    {
        using Relay relay = new();
        relay.Move(5000);
        Assert.Equal(0, Allocations.LeastOf(() => relay.Move(10_000)));
        Assert.True(relay.Received > 10_000_000);
    }

    [Fact]
    public void A_token_relay_allocates_nothing()
    {
        using Relay relay = new(chunkBytes: 40);
        relay.Move(5000);
        Assert.Equal(0, Allocations.LeastOf(() => relay.Move(10_000)));
        Assert.True(relay.Received > 100_000);
    }

    /// <summary>Two connections whose datagrams cross an array of slots that are reused: the harness allocates nothing either.</summary>
    private sealed class Relay : IDisposable
    {
        private static readonly PathAddress s_clientAddress = new(1, 1);
        private static readonly PathAddress s_serverAddress = new(2, 2);

        private readonly Connection _client;
        private readonly Connection _server;
        private readonly byte[] _buffer = new byte[WireLimits.DatagramBytesMax];
        private readonly byte[] _chunk;
        private readonly byte[] _target = new byte[64 * 1024];
        private readonly StreamId _stream;
        private Instant _now = new(1_000_000_000);

        public Relay(int chunkBytes = 16 * 1024)
        {
            ConnectionOptions options = new();
            ConnectionId clientId = new(1);
            ConnectionId serverId = new(2);
            _chunk = new byte[chunkBytes];
            _client = new Connection(options, ConnectionRole.Initiator, TestSession.Initiator, clientId, serverId,
                s_serverAddress, options.ToTransportParameters(), new byte[32], _now);
            _server = new Connection(options, ConnectionRole.Responder, TestSession.Responder, serverId, clientId,
                s_clientAddress, options.ToTransportParameters(), new byte[32], _now);
            _stream = _client.OpenStream(StreamPriority.Tokens)!.Value;
        }

        public long Received { get; private set; }

        public void Move(int packets)
        {
            for (int moved = 0; moved < packets;)
            {
                _ = _client.Write(_stream, _chunk);
                moved += Carry(_client, _server, s_clientAddress);
                moved += Carry(_server, _client, s_serverAddress);
                Received += _server.Read(_stream, _target, out _);
                _now += TimeSpan.FromMilliseconds(1);
                _client.Timeout(_now);
                _server.Timeout(_now);
                while (_client.TryTakeEvent(out _) || _server.TryTakeEvent(out _))
                {
                }
            }
        }

        public void Dispose()
        {
            _client.Dispose();
            _server.Dispose();
        }

        private int Carry(Connection from, Connection to, PathAddress address)
        {
            int packets = 0;
            while (from.TryTransmit(_now, _buffer, out Transmit transmit))
            {
                to.Receive(_now, address, _buffer.AsSpan(0, transmit.Length));
                packets++;
            }
            return packets;
        }
    }
}
