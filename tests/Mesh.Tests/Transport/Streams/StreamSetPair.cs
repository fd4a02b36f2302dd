using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Transport;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Mesh.Transport.Streams;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Streams;

/// <summary>Two stream sets, applications that do anything they may, and a path that loses, repeats and reorders: no packets, no keys.</summary>
internal sealed class StreamSetPair
{
    private const int PacketBytes = 400;
    private const int QuietRoundsMax = 10_000;
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(20);

    private readonly Prng _prng;
    private readonly Application[] _sides;
    private readonly List<Packet> _flying = [];
    private Instant _now = new(1_000_000_000);

    public StreamSetPair(ulong seed)
    {
        _prng = new Prng(seed);
        ConnectionOptions left = RandomOptions();
        ConnectionOptions right = RandomOptions();
        _sides = [new Application(ConnectionRole.Initiator, left, right, _prng), new Application(ConnectionRole.Responder, right, left, _prng)];
    }

    /// <summary>One random thing: a command, a packet written, a packet delivered or lost.</summary>
    public void Step()
    {
        _now += TimeSpan.FromMilliseconds(_prng.Next(10));
        Application side = _sides[_prng.Next(2)];
        switch (_prng.Next(4))
        {
            case 0:
                side.Act();
                break;
            case 1:
                Transmit(side);
                break;
            default:
                if (_flying.Count > 0)
                {
                    Arrive(_prng.Next(_flying.Count), lost: _prng.Chance(1, 4));
                }
                break;
        }
    }

    /// <summary>The applications end what they began and read what comes; over a sound path every stream must then close.</summary>
    public void Finish(ulong seed)
    {
        for (int round = 0; round < QuietRoundsMax; round++)
        {
            _now += TimeSpan.FromMilliseconds(5);
            bool isBusy = _flying.Count > 0;
            foreach (Application side in _sides)
            {
                side.CompleteAll();
                side.ReadAll(int.MaxValue);
                isBusy |= Transmit(side);
            }
            while (_flying.Count > 0)
            {
                Arrive(0, lost: false);
            }
            if (!isBusy)
            {
                break;
            }
        }
        foreach (Application side in _sides)
        {
            Assert.True(side.Set.Count == 0, $"seed {seed}: {side.Set.Count} streams of the {side.Role} never close");
            Assert.False(side.Set.HasPendingData || side.Set.HasPendingControl, $"seed {seed}: the {side.Role} still has something to send");
        }
        _sides[0].CheckDelivered(_sides[1], seed);
        _sides[1].CheckDelivered(_sides[0], seed);
    }

    private ConnectionOptions RandomOptions() => new()
    {
        StreamsMax = 1 + _prng.Next(4),
        UnidirectionalStreamsMax = 1 + _prng.Next(3),
        StreamWindowBytes = 1 + _prng.Next(600),
        StreamWindowBytesMax = 1 + _prng.Next(3000),
        ConnectionWindowBytes = 1 + _prng.Next(1000),
        ConnectionWindowBytesMax = 1 + _prng.Next(5000),
    };

    private bool Transmit(Application side)
    {
        byte[] buffer = new byte[PacketBytes];
        WireWriter writer = new(buffer);
        int list = SentFrameLists.Empty;
        side.Set.WriteControl(_now, s_rtt, ref writer, side.Frames, ref list);
        side.Set.WriteData(ref writer, side.Frames, ref list);
        if (writer.Position == 0)
        {
            return false;
        }
        _flying.Add(new Packet(side, writer.Written.ToArray(), list));
        return true;
    }

    private void Arrive(int index, bool lost)
    {
        Packet packet = _flying[index];
        _flying.RemoveAt(index);
        int list = packet.Frames;
        bool isTaken = !lost && Other(packet.From).Take(packet.Bytes);
        while (packet.From.Frames.TryTake(ref list, out SentFrame frame))
        {
            if (isTaken)
            {
                packet.From.Set.OnAcknowledged(frame);
            }
            else
            {
                packet.From.Set.OnLost(frame);
            }
        }
        packet.From.Set.TellWritable();
        if (_prng.Chance(1, 8))
        {
            _ = Other(packet.From).Take(packet.Bytes); // a loss that was none, or a repetition
        }
    }

    private Application Other(Application side) => side == _sides[0] ? _sides[1] : _sides[0];

    private sealed record Packet(Application From, byte[] Bytes, int Frames);

    /// <summary>Writes bytes that tell their stream and offset, and acts upon events alone: an event too few is a stall.</summary>
    private sealed class Application(ConnectionRole role, ConnectionOptions options, ConnectionOptions peer, Prng prng)
    {
        private readonly Queue<ConnectionEvent> _events = new();
        private readonly SortedDictionary<ulong, ulong> _written = [];
        private readonly SortedDictionary<ulong, ulong> _read = [];
        private readonly SortedSet<ulong> _readable = [];
        private readonly HashSet<ulong> _stopped = [];
        private readonly HashSet<ulong> _delivered = [];
        private readonly HashSet<ulong> _ended = [];
        private readonly byte[] _buffer = new byte[2000];
        private StreamSet? _set;

        public ConnectionRole Role => role;

        public SentFrameLists Frames { get; } = new();

        public StreamSet Set => _set ??= new StreamSet(
            options,
            role,
            new StreamLimits(
                (ulong)peer.ConnectionWindowBytes, (ulong)peer.StreamWindowBytes, (ulong)peer.StreamsMax, (ulong)peer.UnidirectionalStreamsMax),
            _events);

        /// <summary>What this side was told is delivered, the other has read, unless it did not want to.</summary>
        public void CheckDelivered(Application reader, ulong seed)
        {
            foreach (ulong id in _delivered.Where(id => !reader._stopped.Contains(id)))
            {
                Assert.True(reader._ended.Contains(id), $"seed {seed}: stream {id} was delivered and never read to its end");
                Assert.Equal(_written[id], reader._read[id]);
            }
        }

        public void Act()
        {
            ulong id = _written.Count > 0 ? _written.Keys.ElementAt(prng.Next(_written.Count)) : 0;
            switch (prng.Next(12))
            {
                case 0 or 1:
                    if (Set.Open((StreamPriority)prng.Next(4), prng.Chance(1, 2)) is { } opened)
                    {
                        _written.Add(opened.Value, 0);
                    }
                    break;
                case 2 when prng.Chance(1, 3):
                    Set.CompleteWrites(new StreamId(id));
                    break;
                case 3 when prng.Chance(1, 4):
                    Set.Reset(new StreamId(id), 1);
                    break;
                case 4 when prng.Chance(1, 4) && _read.Count > 0:
                    ulong stopped = _read.Keys.ElementAt(prng.Next(_read.Count));
                    _ = _stopped.Add(stopped);
                    Set.StopSending(new StreamId(stopped), 2);
                    break;
                case 5 or 6:
                    ReadAll(1 + prng.Next(300));
                    break;
                default:
                    Write(id, prng.Next(600));
                    break;
            }
            TakeEvents();
        }

        public void CompleteAll()
        {
            foreach (ulong id in _written.Keys)
            {
                Set.CompleteWrites(new StreamId(id));
            }
            TakeEvents();
        }

        /// <summary>Reads at most so many bytes of each stream that was said to be readable.</summary>
        public void ReadAll(int bytesMax)
        {
            foreach (ulong id in _readable.ToArray())
            {
                int count;
                int left = bytesMax;
                do
                {
                    Span<byte> target = _buffer.AsSpan(0, Math.Min(_buffer.Length, left));
                    count = Set.Read(new StreamId(id), target, out bool finished);
                    for (int i = 0; i < count; i++)
                    {
                        Assert.True(target[i] == Pattern(id, _read[id]++), "a byte arrives in its place");
                    }
                    left -= count;
                    if (count == 0 && left > 0)
                    {
                        _ = _readable.Remove(id);
                        if (finished && !_stopped.Contains(id))
                        {
                            _ = _ended.Add(id);
                        }
                    }
                }
                while (count > 0 && left > 0);
            }
            TakeEvents();
        }

        public bool Take(byte[] packet)
        {
            WireReader reader = new(packet);
            bool mustComeAgain = false;
            while (reader.TryReadByte(out byte type))
            {
                Assert.True(Take(type, ref reader, ref mustComeAgain) is null, "a peer that keeps the rules breaks none");
            }
            TakeEvents();
            return !mustComeAgain;
        }

        private void Write(ulong id, int bytes)
        {
            if (!_written.TryGetValue(id, out ulong offset))
            {
                return;
            }
            Span<byte> data = _buffer.AsSpan(0, bytes);
            for (int i = 0; i < bytes; i++)
            {
                data[i] = Pattern(id, offset + (ulong)i);
            }
            _written[id] += (ulong)Set.Write(new StreamId(id), data);
        }

        private void TakeEvents()
        {
            while (_events.TryDequeue(out ConnectionEvent e))
            {
                ulong id = e.Stream.Value;
                switch (e.Kind)
                {
                    case ConnectionEventKind.StreamOpened:
                        _read.Add(id, 0);
                        if (e.Stream.IsBidirectional)
                        {
                            _written.Add(id, 0);
                        }
                        break;
                    case ConnectionEventKind.StreamReadable:
                        _read[id] = _read.GetValueOrDefault(id);
                        _ = _readable.Add(id);
                        break;
                    case ConnectionEventKind.StreamReset:
                        _ = _readable.Remove(id);
                        break;
                    case ConnectionEventKind.StreamFinished:
                        _ = _delivered.Add(id);
                        break;
                    case ConnectionEventKind.StreamsAvailable:
                        Assert.Equal(e.Stream, Set.Open(StreamPriority.Bulk, e.Stream.IsBidirectional));
                        _written.Add(id, 0);
                        break;
                    default:
                        break;
                }
            }
        }

        private TransportViolation? Take(byte type, ref WireReader reader, ref bool mustComeAgain)
        {
            switch ((FrameType)type)
            {
                case >= FrameType.Stream and <= FrameType.StreamLast:
                    Assert.True(StreamFrame.TryRead(type, ref reader, out StreamFrame stream));
                    TransportViolation? violation = Set.OnStream(stream, out bool again);
                    mustComeAgain |= again;
                    return violation;
                case FrameType.ResetStream:
                    Assert.True(ResetStreamFrame.TryRead(ref reader, out ResetStreamFrame reset));
                    return Set.OnResetStream(reset);
                case FrameType.StopSending:
                    Assert.True(StopSendingFrame.TryRead(ref reader, out StopSendingFrame stop));
                    return Set.OnStopSending(stop);
                case FrameType.MaxStreamData:
                    Assert.True(MaxStreamDataFrame.TryRead(ref reader, out MaxStreamDataFrame maxStreamData));
                    return Set.OnMaxStreamData(maxStreamData);
                case FrameType.StreamDataBlocked:
                    Assert.True(StreamDataBlockedFrame.TryRead(ref reader, out StreamDataBlockedFrame streamDataBlocked));
                    return Set.OnStreamDataBlocked(streamDataBlocked);
                case FrameType.MaxData:
                    Assert.True(MaxDataFrame.TryRead(ref reader, out MaxDataFrame maxData));
                    Set.OnMaxData(maxData);
                    return null;
                case FrameType.DataBlocked:
                    Assert.True(DataBlockedFrame.TryRead(ref reader, out DataBlockedFrame dataBlocked));
                    Set.OnDataBlocked(dataBlocked);
                    return null;
                case FrameType.MaxStreamsBidirectional or FrameType.MaxStreamsUnidirectional:
                    Assert.True(MaxStreamsFrame.TryRead((FrameType)type, ref reader, out MaxStreamsFrame maxStreams));
                    Set.OnMaxStreams(maxStreams);
                    return null;
                default:
                    Assert.True(StreamsBlockedFrame.TryRead((FrameType)type, ref reader, out StreamsBlockedFrame streamsBlocked));
                    Set.OnStreamsBlocked(streamsBlocked);
                    return null;
            }
        }

        private static byte Pattern(ulong id, ulong offset) => (byte)((((id * 31) + offset) * 167 / 8) % 251);
    }
}
