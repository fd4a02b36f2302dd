using System;
using System.Text;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Mesh.Transport;

/// <summary>What comes in: a packet is opened, its frames are taken in order, and then it is acknowledged.</summary>
public sealed partial class Connection
{
    private static readonly TransportViolation s_malformed =
        new(TransportErrorCode.FrameEncoding, "a frame is cut short or out of range");
    private static readonly TransportViolation s_unknownFrame =
        new(TransportErrorCode.FrameEncoding, "a frame of unknown type");
    private static readonly TransportViolation s_emptyPacket =
        new(TransportErrorCode.ProtocolViolation, "a packet without frames");
    private static readonly TransportViolation s_neverSent =
        new(TransportErrorCode.ProtocolViolation, "an acknowledgement of a packet never sent");

    private readonly PacketRange[] _ackRanges = new PacketRange[AckFrame.RangesMax];
    private ulong? _largestAcknowledged;
    private long _packetsReceived;
    private long _packetsDuplicate;
    private long _packetsWhileClosing;

    /// <summary>Takes a data packet whose destination is this connection.</summary>
    /// <remarks>
    /// <list type="number">
    /// <item>Restore the packet number and drop what arrived before.</item>
    /// <item>Open it; drop what doesn't authenticate.</item>
    /// <item>Note the address it came from.</item>
    /// <item>Take its frames; what breaks a rule closes the connection.</item>
    /// <item>Remember it for the next acknowledgement.</item>
    /// </list>
    /// </remarks>
    public void Receive(Instant now, PathAddress from, ReadOnlySpan<byte> datagram)
    {
        // Step 1: restore the packet number.
        if (State is ConnectionState.Draining or ConnectionState.Drained
            || !DataPacketHeader.TryRead(datagram, out DataPacketHeader header) || !_localIds.Contains(header.Destination))
        {
            return;
        }
        ulong expected = _replay.ExpectedPacketNumber;
        ulong number = header.PacketNumber(expected);
        if (number > WireLimits.PacketNumberMax || !_replay.IsFresh(number))
        {
            _packetsDuplicate++;
            return;
        }

        // Step 2: open it.
        ReadOnlySpan<byte> sealedFrames = datagram[DataPacketHeader.Size..];
        Span<byte> frames = stackalloc byte[sealedFrames.Length - PacketProtector.TagSize];
        if (!_protector.TryOpen(number, header.KeyPhase, datagram[..DataPacketHeader.Size], sealedFrames, frames))
        {
            return;
        }
        _replay.Mark(number);
        _packetsReceived++;
        NoticeKeyPhase(now);
        if (State == ConnectionState.Closing)
        {
            ReceiveWhileClosing(now, frames);
            return;
        }

        // Step 3: note the address.
        _lastReceivedAt = now;
        _hasAskedSinceReceived = false;
        IsSuspected = false;
        _doubtedAt = null;
        _recovery.SetGuarded(false);
        NotePath(from, header.Destination, datagram.Length, isNewest: number >= expected);

        // Step 4: take the frames.
        FrameOutcome outcome = ReceiveFrames(now, from, frames);
        if (outcome.Violation is { } violation)
        {
            BeginClosing(
                now,
                CloseOrigin.Transport,
                new CloseReason(CloseCause.LocalTransport, (ulong)violation.Code, violation.Reason));
            return;
        }

        // Step 5: remember it.
        if (State == ConnectionState.Open && !outcome.MustComeAgain)
        {
            _acks.OnReceived(now, number, outcome.AsksForAck);
        }
        if (outcome.HasBytes)
        {
            ExpectMore(now);
        }
        AssertInvariants();
    }

    private FrameOutcome ReceiveFrames(Instant now, PathAddress from, ReadOnlySpan<byte> frames)
    {
        FrameOutcome outcome = default;
        outcome.Violation = frames.IsEmpty ? s_emptyPacket : null;
        WireReader reader = new(frames);
        while (outcome.Violation is null && State == ConnectionState.Open && reader.TryReadByte(out byte type))
        {
            ReceiveFrame(now, from, type, ref reader, ref outcome);
        }
        return outcome;
    }

    private void ReceiveFrame(Instant now, PathAddress from, byte type, ref WireReader reader, ref FrameOutcome outcome)
    {
        switch ((FrameType)type)
        {
            case FrameType.Padding:
                PaddingFrame.SkipRun(ref reader);
                break;
            case FrameType.Ack:
                outcome.Violation = AckFrame.TryRead(ref reader, _ackRanges, out AckFrame ack) ? OnAck(now, ack) : s_malformed;
                break;
            case FrameType.TransportClose or FrameType.ApplicationClose:
                outcome.Violation = CloseFrame.TryRead((FrameType)type, ref reader, out CloseFrame close) ? null : s_malformed;
                if (outcome.Violation is null)
                {
                    OnClose(now, close);
                }
                break;
            case >= FrameType.Stream and <= FrameType.StreamLast:
                outcome.AsksForAck = true;
                outcome.HasBytes = true;
                outcome.Violation = s_malformed;
                if (StreamFrame.TryRead(type, ref reader, out StreamFrame stream))
                {
                    outcome.Violation = _streams.OnStream(stream, out bool mustComeAgain);
                    outcome.MustComeAgain |= mustComeAgain;
                }
                break;
            case FrameType.Ping:
                outcome.AsksForAck = true;
                break;
            case FrameType.AckFrequency:
                outcome.AsksForAck = true;
                outcome.Violation = s_malformed;
                if (AckFrequencyFrame.TryRead(ref reader, out AckFrequencyFrame frequency))
                {
                    outcome.Violation = null;
                    _acks.OnFrequency(frequency);
                }
                break;
            case FrameType.Datagram:
                outcome.AsksForAck = true;
                outcome.Violation = DatagramFrame.TryRead(ref reader, out DatagramFrame datagram) ? OnDatagram(datagram) : s_malformed;
                break;
            case FrameType.HandshakeQuestion or FrameType.HandshakeAnswer:
                outcome.AsksForAck = true;
                outcome.Violation = ReceiveHandshake((FrameType)type, ref reader);
                break;
            case FrameType.PathChallenge or FrameType.PathResponse or FrameType.ObservedAddress
                or FrameType.NewConnectionId or FrameType.RetireConnectionId:
                outcome.AsksForAck = true;
                outcome.Violation = ReceivePathFrame(now, from, (FrameType)type, ref reader);
                break;
            default:
                outcome.AsksForAck = true;
                outcome.Violation = ReceiveLimitFrame((FrameType)type, ref reader);
                break;
        }
    }

    private TransportViolation? ReceiveLimitFrame(FrameType type, ref WireReader reader)
    {
        switch (type)
        {
            case FrameType.ResetStream:
                return ResetStreamFrame.TryRead(ref reader, out ResetStreamFrame reset) ? _streams.OnResetStream(reset) : s_malformed;
            case FrameType.StopSending:
                return StopSendingFrame.TryRead(ref reader, out StopSendingFrame stop) ? _streams.OnStopSending(stop) : s_malformed;
            case FrameType.MaxStreamData:
                return MaxStreamDataFrame.TryRead(ref reader, out MaxStreamDataFrame maxStreamData)
                    ? _streams.OnMaxStreamData(maxStreamData)
                    : s_malformed;
            case FrameType.StreamDataBlocked:
                return StreamDataBlockedFrame.TryRead(ref reader, out StreamDataBlockedFrame streamDataBlocked)
                    ? _streams.OnStreamDataBlocked(streamDataBlocked)
                    : s_malformed;
            case FrameType.MaxData when MaxDataFrame.TryRead(ref reader, out MaxDataFrame maxData):
                _streams.OnMaxData(maxData);
                return null;
            case FrameType.MaxStreamsBidirectional or FrameType.MaxStreamsUnidirectional
                when MaxStreamsFrame.TryRead(type, ref reader, out MaxStreamsFrame maxStreams):
                _streams.OnMaxStreams(maxStreams);
                return null;
            case FrameType.DataBlocked when DataBlockedFrame.TryRead(ref reader, out DataBlockedFrame dataBlocked):
                _streams.OnDataBlocked(dataBlocked);
                return null;
            case FrameType.StreamsBlockedBidirectional or FrameType.StreamsBlockedUnidirectional
                when StreamsBlockedFrame.TryRead(type, ref reader, out StreamsBlockedFrame streamsBlocked):
                _streams.OnStreamsBlocked(streamsBlocked);
                return null;
            case FrameType.MaxData or FrameType.DataBlocked
                or FrameType.MaxStreamsBidirectional or FrameType.MaxStreamsUnidirectional
                or FrameType.StreamsBlockedBidirectional or FrameType.StreamsBlockedUnidirectional:
                return s_malformed;
            default:
                return s_unknownFrame;
        }
    }

    private TransportViolation? OnAck(Instant now, in AckFrame ack)
    {
        if (ack.LargestAcknowledged >= _nextPacketNumber)
        {
            return s_neverSent;
        }
        _largestAcknowledged = Math.Max(_largestAcknowledged ?? 0, ack.LargestAcknowledged);

        // A delay beyond what the peer may wait is cut to that: longer than a second isn't worth converting.
        TimeSpan delay = TimeSpan.FromMicroseconds(Math.Min(ack.DelayMicroseconds, 1_000_000));
        _recovery.OnAck(now, ack, delay);
        SettlePackets();
        return null;
    }

    private void OnClose(Instant now, in CloseFrame close)
    {
        CloseCause cause = close.Origin == CloseOrigin.Application ? CloseCause.RemoteApplication : CloseCause.RemoteTransport;
        State = ConnectionState.Draining;
        _closeEndsAt = now + (_recovery.ProbeTimeout * CloseTimeouts);
        End(new CloseReason(cause, close.Code, Encoding.UTF8.GetString(close.Reason)));
    }

    /// <summary>A peer that keeps sending has not got the CLOSE: it gets another after 1, 2, 4, 8... packets.</summary>
    private void ReceiveWhileClosing(Instant now, ReadOnlySpan<byte> frames)
    {
        WireReader reader = new(frames);
        if (reader.TryReadByte(out byte type) && (FrameType)type is FrameType.TransportClose or FrameType.ApplicationClose)
        {
            State = ConnectionState.Draining;
            return;
        }
        _packetsWhileClosing++;
        _isClosePending |= long.IsPow2(_packetsWhileClosing);
    }

    private struct FrameOutcome
    {
        public TransportViolation? Violation;
        public bool AsksForAck;
        public bool MustComeAgain;
        public bool HasBytes;
    }
}
