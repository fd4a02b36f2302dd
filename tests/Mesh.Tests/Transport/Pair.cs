using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>Two connections and the path between them in virtual time: nothing waits, and a seed replays for ever.</summary>
internal sealed class Pair : IDisposable
{
    private readonly PriorityQueue<Datagram, (long At, long Order)> _flying = new();
    private readonly Prng _prng;
    private readonly Prng _ids = new(77);
    private readonly byte[] _buffer = new byte[WireLimits.DatagramBytesMax];
    private readonly Dictionary<Side, Instant> _linkFreeAt = [];
    private readonly HashSet<Side> _inBurst = [];
    private long _order;
    private ulong _trace = 14_695_981_039_346_656_037;

    public Pair(LinkFaults? faults = null, ConnectionOptions? client = null, ConnectionOptions? server = null, ulong seed = 1)
    {
        Faults = faults ?? LinkFaults.None;
        client ??= new ConnectionOptions();
        server ??= client;
        _prng = new Prng(seed);
        PathAddress clientAddress = new(new UInt128(0x2001_0DB8_0000_0000, 1), 1000);
        PathAddress serverAddress = new(new UInt128(0x2001_0DB8_0000_0000, 2), 2000);
        ConnectionId clientId = new(0xC1);
        ConnectionId serverId = new(0x51);
        Client = new Side(
            "client",
            new Connection(client, ConnectionRole.Initiator, TestSession.Initiator, clientId, serverId, serverAddress,
                server.ToTransportParameters(), new byte[32], Now),
            clientAddress);
        Server = new Side(
            "server",
            new Connection(server, ConnectionRole.Responder, TestSession.Responder, serverId, clientId, clientAddress,
                client.ToTransportParameters(), new byte[32], Now),
            serverAddress);
        _linkFreeAt[Client] = Now;
        _linkFreeAt[Server] = Now;
    }

    public Side Client { get; }

    public Side Server { get; }

    public LinkFaults Faults { get; set; }

    public Instant Now { get; private set; } = new(1_000_000_000);

    /// <summary>Drops a datagram when true; asked with its sender and how many that one sent before.</summary>
    public Func<Side, int, bool>? Drops { get; set; }

    /// <summary>An attacker here sends a copy of each datagram, which arrives just before the original.</summary>
    public PathAddress? CopiesFrom { get; set; }

    /// <summary>A number that differs when anything happened differently.</summary>
    public ulong TraceHash => _trace;

    public Side PeerOf(Side side) => side == Client ? Server : Client;

    /// <summary>Runs until the condition holds; fails the test with what was seen if it doesn't by then.</summary>
    public void RunUntil(Func<bool> condition, TimeSpan? atMost = null, string awaited = "the condition")
    {
        Instant end = Now + (atMost ?? TimeSpan.FromSeconds(60));
        Drain();
        while (!condition())
        {
            Assert.True(
                Step(end),
                $"Awaited {awaited}; at {Now.Nanoseconds / 1_000_000} ms nothing more happens before the end. "
                + $"client {Client.Connection.State} {Client.Connection.Statistics}, "
                + $"server {Server.Connection.State} {Server.Connection.Statistics}");
        }
    }

    /// <summary>Lets this much time pass.</summary>
    public void Run(TimeSpan duration)
    {
        Instant end = Now + duration;
        Drain();
        while (Step(end))
        {
        }
        Now = end;
    }

    /// <summary>Takes what was sent and not yet delivered off the path.</summary>
    public void DropFlying() => _flying.Clear();

    /// <summary>Delivers bytes as if they came from the other side.</summary>
    public void Inject(Side target, ReadOnlySpan<byte> datagram)
    {
        target.Connection.Receive(Now, PeerOf(target).Address, datagram);
        Drain();
    }

    public void Drain()
    {
        bool again = true;
        while (again)
        {
            again = Transmit(Client) | Transmit(Server);
            again |= Client.TakeEvents() | Server.TakeEvents();
        }
    }

    public void Dispose()
    {
        Client.Connection.Dispose();
        Server.Connection.Dispose();
    }

    private bool Step(Instant end)
    {
        Instant? next = Instant.Earlier(Client.Connection.NextTimeout, Server.Connection.NextTimeout);
        bool delivers = _flying.TryPeek(out _, out (long At, long Order) first)
            && (next is null || first.At <= next.Value.Nanoseconds);
        Instant at = delivers ? new Instant(first.At) : next ?? end;
        if (at >= end)
        {
            return false;
        }
        Now = at > Now ? at : Now;
        if (delivers)
        {
            Datagram datagram = _flying.Dequeue();
            Note((ulong)datagram.Bytes.Length);
            datagram.Target.Connection.Receive(Now, datagram.From, datagram.Bytes);
        }
        else
        {
            Note(0x7113);
            Client.Connection.Timeout(Now);
            Server.Connection.Timeout(Now);
        }
        Drain();
        return true;
    }

    private bool Transmit(Side side)
    {
        bool any = false;
        side.RenewIds(Now, _ids);
        while (side.Connection.TryTransmit(Now, _buffer, out Transmit transmit))
        {
            any = true;
            side.NoteNumber(_buffer.AsSpan(0, transmit.Length));
            int index = side.DatagramsSent++;
            side.BytesSent += transmit.Length;
            Note((ulong)transmit.Length ^ 0xFFFF_0000);
            if (transmit.Target == PeerOf(side).Address && Drops?.Invoke(side, index) != true)
            {
                Fly(side, _buffer.AsSpan(0, transmit.Length));
            }
        }
        return any;
    }

    private void Fly(Side from, ReadOnlySpan<byte> datagram)
    {
        if (_prng.Chance(Faults.Lost, 1000) || IsInBurst(from) || datagram.Length > Faults.DatagramBytesMax)
        {
            return;
        }
        Instant departs = Now;
        if (Faults.BytesPerSecond > 0)
        {
            Instant free = _linkFreeAt[from] > Now ? _linkFreeAt[from] : Now;
            double waiting = (free - Now).TotalSeconds * Faults.BytesPerSecond;
            if (waiting > Faults.QueueBytes)
            {
                return;
            }
            departs = free + TimeSpan.FromSeconds((double)datagram.Length / Faults.BytesPerSecond);
            _linkFreeAt[from] = departs;
        }
        int copies = _prng.Chance(Faults.Duplicated, 1000) ? 2 : 1;
        for (int i = 0; i < copies; i++)
        {
            byte[] bytes = datagram.ToArray();
            if (_prng.Chance(Faults.Corrupted, 1000))
            {
                bytes[_prng.Next(bytes.Length)] ^= (byte)(1 << _prng.Next(8));
            }
            long jitter = Faults.Jitter > TimeSpan.Zero ? _prng.Next((int)(Faults.Jitter.Ticks + 1)) : 0;
            Instant at = departs + Faults.Latency + TimeSpan.FromTicks(jitter);
            if (CopiesFrom is { } stranger)
            {
                _flying.Enqueue(new Datagram(PeerOf(from), stranger, bytes), (at.Nanoseconds, _order++));
            }
            _flying.Enqueue(new Datagram(PeerOf(from), from.Address, bytes), (at.Nanoseconds, _order++));
        }
    }

    /// <summary>Gilbert and Elliott's path: while it is bad, nothing passes.</summary>
    private bool IsInBurst(Side from)
    {
        if (_inBurst.Contains(from))
        {
            return !_prng.Chance(Faults.BurstEnds, 1000) || !_inBurst.Remove(from);
        }
        return Faults.BurstBegins > 0 && _prng.Chance(Faults.BurstBegins, 1000) && _inBurst.Add(from);
    }

    private void Note(ulong value)
    {
        unchecked
        {
            _trace = (_trace ^ value ^ (ulong)Now.Nanoseconds) * 1_099_511_628_211;
        }
    }

    private sealed record Datagram(Side Target, PathAddress From, byte[] Bytes);
}
