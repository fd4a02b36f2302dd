using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Tests.Transport.Congestion;

/// <summary>Flows that share one bottleneck, in virtual time, under a host whose timer ticks each millisecond.</summary>
internal sealed class Dumbbell : IDisposable
{
    private const long TickNanoseconds = 1_000_000;

    private readonly List<Flow> _flows = [];
    private readonly List<End> _ends = [];
    private readonly PriorityQueue<Datagram, (long At, long Order)> _flying = new();
    private readonly Stack<byte[]> _buffers = new();
    private readonly byte[] _buffer = new byte[WireLimits.DatagramBytesMax];
    private readonly ulong _seed;
    private long _order;

    public Dumbbell(BottleneckLink link, ulong seed = 1)
    {
        _seed = seed;
        Prng prng = new(seed);
        Forward = new LinkDirection(link, prng);
        Backward = new LinkDirection(link, prng);
    }

    public LinkDirection Forward { get; }

    public LinkDirection Backward { get; }

    public Instant Now { get; private set; } = new(1_000_000_000);

    public Flow AddFlow(CongestionControl control, int datagramBytes = 1452)
    {
        ConnectionOptions options = new() { CongestionControl = control, DatagramBytesMax = datagramBytes };
        ulong index = (ulong)_flows.Count;
        PathAddress here = new(1, (ushort)(1000 + index));
        PathAddress there = new(2, (ushort)(2000 + index));
        ConnectionId sender = new(0xC100 + index);
        ConnectionId receiver = new(0x5100 + index);
        byte[] pathKey = new byte[32];
        BinaryPrimitives.WriteUInt64BigEndian(pathKey, _seed);
        pathKey[^1] = (byte)index;
        Flow flow = new(
            new Connection(options, ConnectionRole.Initiator, TestSession.Initiator, sender, receiver, there,
                options.ToTransportParameters(), pathKey, Now),
            new Connection(options, ConnectionRole.Responder, TestSession.Responder, receiver, sender, here,
                options.ToTransportParameters(), pathKey, Now));
        _flows.Add(flow);
        _ends.Add(new End(flow, flow.Sender, flow.Receiver, here, Forward));
        _ends.Add(new End(flow, flow.Receiver, flow.Sender, there, Backward));
        return flow;
    }

    /// <summary>Lets this much time pass.</summary>
    public void Run(TimeSpan duration)
    {
        Instant end = Now + duration;
        foreach (Flow flow in _flows)
        {
            Drain(flow);
        }
        while (Step(end))
        {
        }
        Now = end;
    }

    public void Dispose()
    {
        foreach (Flow flow in _flows)
        {
            flow.Dispose();
        }
    }

    private bool Step(Instant end)
    {
        long arrival = _flying.TryPeek(out _, out (long At, long Order) first) ? first.At : long.MaxValue;
        long tick = long.MaxValue;
        foreach (End e in _ends)
        {
            tick = e.Connection.NextTimeout is { } at ? Math.Min(tick, Tick(at)) : tick;
        }
        if (Math.Min(arrival, tick) >= end.Nanoseconds)
        {
            return false;
        }
        if (arrival <= tick)
        {
            Now = new Instant(Math.Max(arrival, Now.Nanoseconds));
            Datagram datagram = _flying.Dequeue();
            datagram.From.Peer.Receive(Now, datagram.From.Address, datagram.Bytes.AsSpan(0, datagram.Length));
            _buffers.Push(datagram.Bytes);
            Drain(datagram.From.Flow);
            return true;
        }
        Now = new Instant(Math.Max(tick, Now.Nanoseconds));
        foreach (End e in _ends)
        {
            if (e.Connection.NextTimeout <= Now)
            {
                e.Connection.Timeout(Now);
                Drain(e.Flow);
            }
        }
        return true;
    }

    private void Drain(Flow flow)
    {
        bool again = true;
        while (again)
        {
            foreach (End end in _ends)
            {
                if (end.Flow == flow)
                {
                    Transmit(end);
                }
            }
            again = flow.Pump(Now);
        }
    }

    private void Transmit(End end)
    {
        while (end.Connection.TryTransmit(Now, _buffer, out Transmit transmit))
        {
            if (end.Direction.Carry(Now, transmit.Length) is { } arrival)
            {
                byte[] bytes = _buffers.TryPop(out byte[]? pooled) ? pooled : new byte[WireLimits.DatagramBytesMax];
                _buffer.AsSpan(0, transmit.Length).CopyTo(bytes);
                _flying.Enqueue(new Datagram(end, bytes, transmit.Length), (arrival.Nanoseconds, _order++));
            }
        }
    }

    private static long Tick(Instant at) => (at.Nanoseconds + TickNanoseconds - 1) / TickNanoseconds * TickNanoseconds;

    private sealed record End(Flow Flow, Connection Connection, Connection Peer, PathAddress Address, LinkDirection Direction);

    private readonly record struct Datagram(End From, byte[] Bytes, int Length);
}
