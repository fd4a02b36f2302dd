using System;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

/// <summary>Two peers whose datagrams pass from buffer to buffer: nothing but the core runs, so that it can be measured.</summary>
internal sealed class DirectPair : IDisposable
{
    private const int MessageBytes = 200;
    private static readonly TimeSpan _tick = TimeSpan.FromMicroseconds(50);

    private readonly PathAddress[] _addresses = [PeerWorld.AddressOf(0), PeerWorld.AddressOf(1)];
    private readonly MeshPeer[] _peers = new MeshPeer[2];
    private readonly PeerIdentity[] _identities = new PeerIdentity[2];
    private readonly MeshSession?[] _sessions = new MeshSession?[2];
    private readonly byte[] _datagram = new byte[WireLimits.DatagramBytesMax];
    private readonly byte[] _message = new byte[MessageBytes];
    private readonly StreamId _stream;
    private Instant _now;
    private long _packets;

    public DirectPair(World world, SimTickets tickets)
    {
        _now = world.Now;
        for (int i = 0; i < 2; i++)
        {
            SeededEntropy entropy = new(world.Fork());
            _identities[i] = entropy.CreateIdentity();
            MeshPeerOptions options = new() { Network = PeerWorld.Network };
            _peers[i] = new MeshPeer(_now, SimClock.At(_now), options, _identities[i], entropy);
            _peers[i].UseTicket(_now, tickets.Issue(_identities[i].PublicKey, SimClock.At(_now)));
            _ = _peers[i].TrustTicketKey(tickets.PublicKey);
        }
        _ = _peers[0].Connect(_now, _identities[1].PublicKey, _addresses[1]);
        Settle();
        _stream = _sessions[0]!.OpenStream(StreamPriority.Tokens)!.Value;
    }

    /// <summary>Sends a message and its echo so many times, and returns how many datagrams that took.</summary>
    public long RoundTrips(int count)
    {
        long before = _packets;
        for (int i = 0; i < count; i++)
        {
            Pass(_sessions[0]!, _sessions[1]);
            Pass(_sessions[1]!, _sessions[0]);
        }
        return _packets - before;
    }

    public void Dispose()
    {
        for (int i = 0; i < 2; i++)
        {
            _peers[i].Dispose();
            _identities[i].Dispose();
        }
    }

    private void Pass(MeshSession from, MeshSession? to)
    {
        Assert.True(from.Write(_stream, _message) == MessageBytes); // Assert.Equal allocates
        int read = 0;
        for (int attempts = 0; read < MessageBytes && attempts < 10_000; attempts++)
        {
            Settle();
            read += to!.Read(_stream, _message.AsSpan(read), out _);
            _now += _tick;
        }
        Assert.True(read == MessageBytes);
    }

    private void Settle()
    {
        bool moved;
        do
        {
            moved = false;
            for (int i = 0; i < 2; i++)
            {
                moved |= Drain(i);
            }
        }
        while (moved);
    }

    private bool Drain(int self)
    {
        bool moved = false;
        if (_peers[self].NextTimeout <= _now)
        {
            _peers[self].Timeout(_now);
        }
        while (_peers[self].TryTransmit(_now, _datagram, out Transmit transmit))
        {
            _packets++;
            moved = true;
            _peers[1 - self].Receive(_now, _addresses[self], _datagram.AsSpan(0, transmit.Length));
        }
        while (_peers[self].TryTakeEvent(out PeerEvent e))
        {
            _sessions[self] ??= e.Session;
        }
        return moved;
    }
}
