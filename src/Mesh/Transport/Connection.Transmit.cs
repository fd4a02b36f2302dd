using System;
using System.Diagnostics;
using Darkbloom.Mesh.Transport.Paths;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Mesh.Transport;

/// <summary>What goes out: one datagram a call, composed from whatever is most urgent now.</summary>
public sealed partial class Connection
{
    /// <summary>A datagram counts as filled when no further stream frame of use fits.</summary>
    private const int FullDatagramSlackBytes = 32;

    private ulong _nextPacketNumber;
    private long _packetsSent;
    private Instant? _pacedUntil;
    private Instant _firstAskedAt;
    private Instant _phaseStartedAt;
    private ulong _phaseStart;
    private byte _phase;
    private long _keyPhases;
    private Instant? _previousPhaseEndsAt;
    private Instant _closeEndsAt;
    private CloseOrigin _closeOrigin;
    private byte[] _closeText = [];
    private bool _isClosePending;

    /// <summary>Writes the next datagram; false when nothing may or need be sent now.</summary>
    /// <param name="buffer">At least 1,200 bytes; a larger datagram is neither tried nor sent, so mostly
    /// <see cref="WireLimits.DatagramBytesMax"/>.</param>
    /// <remarks>
    /// <list type="number">
    /// <item>A connection that is over sends CLOSE, or nothing.</item>
    /// <item>Challenges and their answers go first, alone: they have addresses of their own.</item>
    /// <item>Ask the congestion window and the pacer whether bytes may go; a probe may always.</item>
    /// <item>Try a larger datagram when that is due.</item>
    /// <item>Write the acknowledgement, control frames and streams' bytes.</item>
    /// <item>Seal the packet, and record it if it asks for an acknowledgement.</item>
    /// </list>
    /// </remarks>
    public bool TryTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buffer.Length, WireLimits.DatagramBytesMin, nameof(buffer));
        transmit = default;

        // Step 1: a connection that is over.
        if (State != ConnectionState.Open)
        {
            return TryTransmitClose(buffer, out transmit);
        }
        MaintainKeys(now);

        // Step 2: challenges and answers.
        if (_path.TryTake(now, _recovery.ProbeTimeout, ProbePacketBytes, out PathProbe probe))
        {
            return TryTransmitProbe(probe, buffer, out transmit);
        }

        // Step 3: may bytes go?
        bool isAckDue = _acks.IsDue(now);
        bool wantsToAsk = _recovery.ProbesPending > 0 || _isPingPending || _isObservedAddressPending
            || _remoteIds.HasUntold || _localIds.HasUntold || _isHandshakePending
            || _streams.HasPendingControl || _streams.HasPendingData || _datagramsToSend.Count > 0;
        bool mayAsk = wantsToAsk && MayAsk(now);
        if (!wantsToAsk)
        {
            _recovery.OnApplicationLimited();
        }
        if (!isAckDue && !mayAsk)
        {
            return false;
        }

        // Step 4: try a larger datagram.
        if (mayAsk && _recovery.ProbesPending == 0 && _mtu.TryTakeProbe(now, buffer.Length, out int mtuProbe))
        {
            return TryTransmitMtuProbe(now, mtuProbe, buffer, out transmit);
        }

        // Step 5: write frames. What looks for a loss must get through a path that has shrunk.
        int limit = _recovery.ProbesPending > 0 ? WireLimits.DatagramBytesMin : Math.Min(_mtu.Bytes, buffer.Length);
        WireWriter writer = new(stackalloc byte[limit - WireLimits.DataOverheadBytes]);
        int list = SentFrameLists.Empty;
        bool hasAck = _acks.IsPending && !(mayAsk && _isHandshakePending); // its message may need the whole packet
        if (hasAck)
        {
            AckFrame ack = _acks.Compose(now);
            ack.Write(ref writer);
            list = mayAsk ? _recovery.Frames.Add(list, new SentFrame(SentFrameKind.Ack, Value: ack.LargestAcknowledged)) : list;
        }
        int ackLength = writer.Position;
        if (mayAsk)
        {
            WriteAskingFrames(now, ref writer, ref list);
        }
        bool asks = writer.Position > ackLength;
        if (!asks)
        {
            while (_recovery.Frames.TryTake(ref list, out _))
            {
            }
            if (!isAckDue && _datagramsToSend.Count == 0)
            {
                return false;
            }

            // A datagram that finds no room beside the acknowledgement gets the next packet.
        }

        // Step 6: seal and record.
        ulong number = _nextPacketNumber;
        if (!TrySeal(_path.Active, writer.Written, buffer, out transmit))
        {
            return false;
        }
        if (hasAck)
        {
            _acks.OnAckSent();
        }
        if (writer.Remaining < FullDatagramSlackBytes)
        {
            _mtu.OnFilled();
        }
        if (asks)
        {
            OnAskingPacketSent(now, number, transmit.Length, list);
        }
        AssertInvariants();
        return true;
    }

    private bool MayAsk(Instant now)
    {
        if (_recovery.ProbesPending > 0 && !_recovery.IsFull)
        {
            return true;
        }
        if (!_recovery.HasWindow)
        {
            _recovery.OnWindowLimited();
            return false;
        }
        Instant next = _recovery.NextSend(now);
        _pacedUntil = next > now ? next : null;
        return next <= now;
    }

    private void WriteAskingFrames(Instant now, ref WireWriter writer, ref int list)
    {
        int start = writer.Position;
        bool isProbe = _recovery.ProbesPending > 0;
        if (isProbe && !_streams.HasPendingControl && !_streams.HasPendingData)
        {
            RepeatOldest();
        }
        WriteHandshake(ref writer, ref list);
        WritePathFrames(ref writer, ref list);
        if (writer.Remaining >= AckFrequencyFrame.BytesMax && _ackRequest.TryTake(_recovery.Rtt.Smoothed, out AckFrequencyFrame frequency))
        {
            frequency.Write(ref writer);
            list = _recovery.Frames.Add(list, new SentFrame(SentFrameKind.AckFrequency, Value: frequency.Sequence));
        }
        _streams.WriteControl(now, _recovery.Rtt.Smoothed, ref writer, _recovery.Frames, ref list);
        WriteApplicationBytes(ref writer, ref list);
        if ((isProbe || _isPingPending) && writer.Position == start)
        {
            PingFrame.Write(ref writer);
        }
    }

    /// <summary>Streams and datagrams take turns in going first, so that neither waits for more than one packet of the other.</summary>
    private void WriteApplicationBytes(ref WireWriter writer, ref int list)
    {
        if (_streamsGoFirst)
        {
            _streams.WriteData(ref writer, _recovery.Frames, ref list);
            WriteDatagrams(ref writer);
        }
        else
        {
            WriteDatagrams(ref writer);
            _streams.WriteData(ref writer, _recovery.Frames, ref list);
        }
        _streamsGoFirst = !_streamsGoFirst;
    }

    /// <summary>A probe with the bytes that have waited longest repairs the loss that it looks for.</summary>
    private void RepeatOldest()
    {
        int list = _recovery.OldestFrames;
        while (_recovery.Frames.TryPeek(ref list, out SentFrame frame))
        {
            OnFrameLost(frame);
        }
    }

    private void OnAskingPacketSent(Instant now, ulong number, int bytes, int list, bool isMtuProbe = false)
    {
        _recovery.OnSent(now, number, bytes, list, isMtuProbe);
        _isPingPending = false;
        _lastAskedAt = now;
        if (!_hasAskedSinceReceived)
        {
            _hasAskedSinceReceived = true;
            _firstAskedAt = now;
        }
    }

    private bool TryTransmitClose(Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (State != ConnectionState.Closing || !_isClosePending)
        {
            return false;
        }
        _isClosePending = false;
        Debug.Assert(CloseReason is not null, "A closing connection knows why.");
        CloseFrame close = new(_closeOrigin, CloseReason.Code, _closeText);
        WireWriter writer = new(stackalloc byte[close.Length]);
        close.Write(ref writer);
        return TrySeal(_path.Active, writer.Written, buffer, out transmit);
    }

    private bool TrySeal(PathAddress target, ReadOnlySpan<byte> frames, Span<byte> buffer, out Transmit transmit)
    {
        ulong number = _nextPacketNumber;
        WireWriter writer = new(buffer);
        ConnectionId id = _path.IsUnderTest(target) ? _remoteIds.Candidate : _remoteIds.Active;
        new DataPacketHeader(id, _protector.KeyPhase, (uint)(number & uint.MaxValue)).Write(ref writer);
        Span<byte> header = buffer[..DataPacketHeader.Size];
        if (!_protector.TrySeal(number, header, frames, buffer[DataPacketHeader.Size..]))
        {
            // The peer never followed into a new key phase; there is no key left to tell it with.
            if (State == ConnectionState.Open)
            {
                End(new CloseReason(CloseCause.LocalTransport, (ulong)TransportErrorCode.AeadLimit, "the key is spent"));
            }
            Drain();
            transmit = default;
            return false;
        }
        _nextPacketNumber++;
        _packetsSent++;
        transmit = new Transmit(target, frames.Length + WireLimits.DataOverheadBytes);
        return true;
    }

    /// <summary>Begins a key phase when the present one is old or used up, and forgets the one before in time.</summary>
    private void MaintainKeys(Instant now)
    {
        if (_previousPhaseEndsAt is { } end && end <= now)
        {
            _previousPhaseEndsAt = null;
            _protector.ForgetPreviousPhase();
        }
        bool isLeading = _protector.IsLeading;
        bool isSpent = isLeading
            || _nextPacketNumber - _phaseStart >= (ulong)_options.KeyPhasePackets
            || (_nextPacketNumber > _phaseStart && now - _phaseStartedAt >= _options.KeyPhaseDuration);
        if (isSpent && _largestAcknowledged is { } largest && _protector.TryAdvancePhase(largest))
        {
            NoticeKeyPhase(now);
            _isPingPending |= isLeading; // the peer is to hear of the phase that it waits for
        }
    }

    /// <summary>The phase changed, by this side's wish or the peer's.</summary>
    private void NoticeKeyPhase(Instant now)
    {
        if (_protector.KeyPhase == _phase)
        {
            return;
        }
        _phase = _protector.KeyPhase;
        _keyPhases++;
        _phaseStart = _nextPacketNumber;
        _phaseStartedAt = now;
        _previousPhaseEndsAt = now + (_recovery.ProbeTimeout * CloseTimeouts);
    }
}
