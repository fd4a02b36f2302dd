using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>One end of a Pair: a connection and an application that writes what it was given and reads what comes.</summary>
internal sealed class Side(string name, Connection connection, PathAddress address)
{
    private readonly SortedDictionary<ulong, Outgoing> _outgoing = [];
    private readonly byte[] _buffer = new byte[16 * 1024];

    public string Name => name;

    public Connection Connection => connection;

    /// <summary>Where this side's datagrams come from; tests move it.</summary>
    public PathAddress Address { get; set; } = address;

    /// <summary>One more than the number of the newest packet.</summary>
    public ulong NextNumber { get; private set; }

    public List<ConnectionEvent> Events { get; } = [];

    public SortedDictionary<ulong, Incoming> Received { get; } = [];

    /// <summary>Off when a test reads by itself.</summary>
    public bool ReadsByItself { get; set; } = true;

    /// <summary>Called for each event, after it was noted.</summary>
    public Action<ConnectionEvent>? OnEvent { get; set; }

    public int DatagramsSent { get; set; }

    public long BytesSent { get; set; }

    public StreamId Open(StreamPriority priority = StreamPriority.Prompts) =>
        connection.OpenStream(priority) ?? throw new InvalidOperationException("The peer allows no more streams.");

    /// <summary>Writes all of it in time, and the end after it if told so.</summary>
    public void Send(StreamId stream, byte[] data, bool complete = true)
    {
        _outgoing[stream.Value] = new Outgoing(data, complete);
        Pump(stream);
    }

    public StreamId OpenAndSend(byte[] data, StreamPriority priority = StreamPriority.Prompts, bool complete = true)
    {
        StreamId stream = Open(priority);
        Send(stream, data, complete);
        return stream;
    }

    /// <summary>A number that came back would be a nonce that came back: each packet's exceeds all before it.</summary>
    public void NoteNumber(ReadOnlySpan<byte> datagram)
    {
        if (!DataPacketHeader.TryRead(datagram, out DataPacketHeader header) || header.PacketNumber(NextNumber) < NextNumber)
        {
            throw new InvalidOperationException($"{name} used a packet number again");
        }
        NextNumber = header.PacketNumber(NextNumber) + 1;
    }

    public byte[] BytesOf(StreamId stream) => Received.TryGetValue(stream.Value, out Incoming? i) ? [.. i.Bytes] : [];

    public int CountOf(StreamId stream) => Received.TryGetValue(stream.Value, out Incoming? i) ? i.Bytes.Count : 0;

    public bool HasFinished(StreamId stream) => Received.TryGetValue(stream.Value, out Incoming? i) && i.IsFinished;

    public bool Has(ConnectionEventKind kind) => Events.Any(e => e.Kind == kind);

    public int Count(ConnectionEventKind kind) => Events.Count(e => e.Kind == kind);

    /// <summary>Takes all events; true if there was one, since answering it may have made more to send.</summary>
    public bool TakeEvents()
    {
        bool any = false;
        while (connection.TryTakeEvent(out ConnectionEvent e))
        {
            any = true;
            Events.Add(e);
            if (e.Kind == ConnectionEventKind.StreamWritable)
            {
                Pump(e.Stream);
            }
            else if (e.Kind == ConnectionEventKind.StreamReadable && ReadsByItself)
            {
                Read(e.Stream);
            }
            OnEvent?.Invoke(e);
        }
        return any;
    }

    public void Read(StreamId stream)
    {
        if (!Received.TryGetValue(stream.Value, out Incoming? incoming))
        {
            Received[stream.Value] = incoming = new Incoming();
        }
        int count;
        bool finished;
        do
        {
            count = connection.Read(stream, _buffer, out finished);
            incoming.Bytes.AddRange(_buffer.AsSpan(0, count).ToArray());
        }
        while (count > 0 && !finished);
        incoming.IsFinished |= finished;
    }

    /// <summary>What an owner does before it lets a connection send.</summary>
    public void RenewIds(Instant now, Prng prng)
    {
        while (connection.LocalIds.TryRelease(now, out _))
        {
        }
        while (connection.LocalIds.WantsAnother)
        {
            connection.LocalIds.Add(new ConnectionId(prng.NextUInt64()));
        }
    }

    private void Pump(StreamId stream)
    {
        if (!_outgoing.TryGetValue(stream.Value, out Outgoing? outgoing))
        {
            return;
        }
        outgoing.Offset += connection.Write(stream, outgoing.Data.AsSpan(outgoing.Offset));
        if (outgoing.Offset == outgoing.Data.Length)
        {
            _ = _outgoing.Remove(stream.Value);
            if (outgoing.Complete)
            {
                connection.CompleteWrites(stream);
            }
        }
    }

    internal sealed class Incoming
    {
        public List<byte> Bytes { get; } = [];

        public bool IsFinished { get; set; }
    }

    private sealed class Outgoing(byte[] data, bool complete)
    {
        public byte[] Data => data;

        public bool Complete => complete;

        public int Offset { get; set; }
    }
}
