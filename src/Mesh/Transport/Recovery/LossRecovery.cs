using System;
using System.Collections.Generic;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>Finds out what became of sent packets: RFC 9002 with RACK's time-based detection.</summary>
/// <remarks>
/// <code>
/// Idle    -> [packet sent]                          -> Armed    the probe timer runs from the newest packet
/// Armed   -> [ACK overtakes a packet]               -> Waiting  it is lost once the reordering window is over
/// Waiting -> [window over]                          -> Armed    its frames are handed back
/// Armed   -> [probe timeout]                        -> Armed    two probes with data, the timeout doubles up to a cap
/// any     -> [nothing outstanding]                  -> Idle
/// </code>
/// After <see cref="OnAck"/> and <see cref="OnTimeout"/> the owner takes every packet from <see cref="Acknowledged"/>
/// and <see cref="Lost"/>, settles or repeats its frames, and clears both lists.
/// </remarks>
internal sealed class LossRecovery
{
    private const int ProbesPerTimeout = 2;
    private const int BackoffShiftMax = 10;

    /// <summary>Probes go at least this often, unless the path itself is slower: a path that comes back is noticed soon.</summary>
    public static readonly TimeSpan ProbeIntervalMax = TimeSpan.FromSeconds(2);

    private const int PersistentCongestionTimeouts = 3;
    private const int ForgetLostAfterTimeouts = 3;

    /// <summary>A window of one round trip, paced a little faster, is used up before it is over.</summary>
    private const double PacingGain = 1.25;
    private const double SlowStartPacingGain = 2.0;

    /// <summary>Until the first sample the initial window leaves as if the round trip took at most this long.</summary>
    private static readonly TimeSpan s_unknownRtt = TimeSpan.FromMilliseconds(20);

    private readonly SentPackets _packets = new();
    private ReorderingWindow _reordering = new();
    private ICongestionController _congestion;
    private readonly Pacer _pacer;
    private readonly TimeSpan _peerMaxAckDelay;
    private readonly int _datagramBytes;
    private ulong? _largestAcknowledged;
    private Instant _lastSentAt;
    private Instant? _lossTime;
    private ulong _episodeEnd;
    private int _timeouts;

    public LossRecovery(
        ICongestionController congestion, RttEstimator rtt, TimeSpan peerMaxAckDelay, int datagramBytes, Instant now)
    {
        _congestion = congestion;
        _peerMaxAckDelay = peerMaxAckDelay;
        _datagramBytes = datagramBytes;
        _pacer = new Pacer(datagramBytes, now);
        Rtt = rtt;
        UpdatePace(now);
    }

    public RttEstimator Rtt { get; private set; }

    public SentFrameLists Frames { get; } = new();

    /// <summary>Packets that the last input proved received, oldest first.</summary>
    public List<SentPacket> Acknowledged { get; } = [];

    /// <summary>Packets that the last input gave up, oldest first.</summary>
    public List<SentPacket> Lost { get; } = [];

    public long BytesInFlight => _packets.BytesInFlight;

    public long WindowBytes => _congestion.WindowBytes;

    /// <summary>Packets that may go whatever the window says, because a probe timeout passed. Sending counts them down.</summary>
    public int ProbesPending { get; private set; }

    /// <summary>Packets given up so far, and how many of those arrived after all.</summary>
    public long LostCount { get; private set; }

    public long SpuriousCount { get; private set; }

    /// <summary>One probe timeout without backoff: the unit of every timer that waits for the peer.</summary>
    public TimeSpan ProbeTimeout => Rtt.ProbeTimeout(_peerMaxAckDelay);

    /// <summary>When <see cref="OnTimeout"/> has something to do.</summary>
    public Instant? Deadline
    {
        get
        {
            if (_lossTime is { } lossTime)
            {
                return lossTime;
            }
            return _packets.OutstandingCount == 0
                ? null
                : _lastSentAt + ProbeInterval;
        }
    }

    private TimeSpan ProbeInterval
    {
        get
        {
            TimeSpan once = ProbeTimeout;
            TimeSpan backedOff = RttEstimator.Min(once * (1 << Math.Min(_timeouts, BackoffShiftMax)), ProbeIntervalMax);
            return RttEstimator.Max(once, backedOff);
        }
    }

    /// <summary>So many packets are unsettled that not even a probe can be recorded.</summary>
    public bool IsFull => _packets.IsFull;

    /// <summary>Whether the window, were the pace no matter, lets another full datagram out.</summary>
    public bool HasWindow =>
        !_packets.IsFull && _packets.BytesInFlight + _datagramBytes <= _congestion.WindowBytes;

    /// <summary>When the pace lets another datagram out: now, or a later instant.</summary>
    public Instant NextSend(Instant now) => _pacer.NextSend(now);

    /// <summary>Records a packet that asks for an acknowledgement.</summary>
    public void OnSent(Instant now, ulong number, int bytes, int frames, bool isApplicationLimited)
    {
        _packets.Add(new SentPacket
        {
            Number = number,
            SentAt = now,
            Bytes = bytes,
            Frames = frames,
            IsApplicationLimited = isApplicationLimited,
        });
        _lastSentAt = now;
        _pacer.OnSent(now, bytes);
        ProbesPending = Math.Max(0, ProbesPending - 1);
    }

    /// <summary>Takes an ACK. The owner has checked that every number in it was sent.</summary>
    public void OnAck(Instant now, in AckFrame ack, TimeSpan ackDelay)
    {
        long bytes = 0;
        SentPacket newest = default;
        bool any = false;
        for (int i = ack.Ranges.Length - 1; i >= 0; i--)
        {
            PacketRange range = ack.Ranges[i];
            for (long p = _packets.FirstAtLeast(range.Smallest); p < _packets.End && _packets[p].Number <= range.Largest; p++)
            {
                ref SentPacket packet = ref _packets[p];
                if (packet.State == SentPacketState.Outstanding)
                {
                    any = true;
                    newest = packet;
                    bytes += packet.IsApplicationLimited ? 0 : packet.Bytes;
                    NoticeReordering(packet);
                    Acknowledged.Add(packet);
                    _packets.Settle(p, SentPacketState.Acknowledged);
                }
                else if (packet.State == SentPacketState.Lost)
                {
                    packet.State = SentPacketState.Acknowledged;
                    SpuriousCount++;
                    _reordering.OnSpuriousLoss();
                }
            }
        }
        if (any)
        {
            OnNewlyAcknowledged(now, ack.LargestAcknowledged, newest, bytes, ackDelay);
        }
        DetectLosses(now);
        _packets.ForgetSettled(now - (ProbeTimeout * ForgetLostAfterTimeouts));
        UpdatePace(now);
    }

    /// <summary>Gives up overdue packets, or asks for probes. Early calls do nothing.</summary>
    public void OnTimeout(Instant now)
    {
        if (Deadline is not { } deadline || deadline > now)
        {
            return;
        }
        if (_lossTime is not null)
        {
            DetectLosses(now);
            UpdatePace(now);
            return;
        }
        _timeouts++;
        ProbesPending = ProbesPerTimeout;

        // The timer restarts even if the probes have to wait, so that the next call isn't due at once.
        _lastSentAt = now;
    }

    /// <summary>Starts measuring anew; packets in flight stay recorded.</summary>
    public void OnPathChanged(Instant now, ICongestionController congestion, RttEstimator rtt)
    {
        _congestion = congestion;
        _reordering = new ReorderingWindow();
        Rtt = rtt;
        _timeouts = 0;
        UpdatePace(now);
    }

    /// <summary>The frames of the packet that has waited longest, for a probe to repeat; they stay recorded for it as well.</summary>
    public int OldestFrames => _packets.Oldest == SentPackets.None ? SentFrameLists.Empty : _packets[_packets.Oldest].Frames;

    private void OnNewlyAcknowledged(Instant now, ulong largest, in SentPacket newest, long bytes, TimeSpan ackDelay)
    {
        if (newest.Number == largest)
        {
            Rtt.Update(now - newest.SentAt, RttEstimator.Min(ackDelay, _peerMaxAckDelay));
        }
        if (_largestAcknowledged is not { } before || newest.Number > before)
        {
            _largestAcknowledged = newest.Number;
        }
        _timeouts = 0;
        ProbesPending = 0;
        _congestion.OnAcknowledged(
            new AckSample(now, bytes, newest.SentAt, Rtt.Smoothed, Rtt.Minimum, Rtt.Latest));
    }

    private void NoticeReordering(in SentPacket packet)
    {
        if (_largestAcknowledged is { } largest && packet.Number < largest)
        {
            _reordering.OnReordered();
        }
    }

    private void DetectLosses(Instant now)
    {
        _lossTime = null;
        if (_largestAcknowledged is not { } largest)
        {
            return;
        }
        TimeSpan delay = _reordering.LossDelay(Rtt);
        long bytes = 0;
        Instant newestSentAt = default;
        PersistentRun run = default;
        while (_packets.Oldest != SentPackets.None)
        {
            long position = _packets.Oldest;
            SentPacket packet = _packets[position];
            if (packet.Number > largest)
            {
                break;
            }
            bool isOvertaken = !_reordering.HasReordering && CountLater(position) >= ReorderingWindow.PacketThreshold;
            Instant overdueAt = packet.SentAt + delay;
            if (!isOvertaken && overdueAt > now)
            {
                _lossTime = overdueAt;
                break;
            }
            bytes += packet.Bytes;
            newestSentAt = packet.SentAt;
            run.Add(position, packet.SentAt);
            Lost.Add(packet);
            LostCount++;
            _packets.Settle(position, SentPacketState.Lost);
            NoticeEpisode(packet.Number);
        }
        if (bytes > 0)
        {
            bool isPersistent = Rtt.HasSample && run.Longest > ProbeTimeout * PersistentCongestionTimeouts;
            _congestion.OnLost(new LossSample(now, bytes, newestSentAt, isPersistent));
        }
    }

    /// <summary>Recorded packets after this one up to the largest acknowledged: those that ask for an ACK, no others.</summary>
    private long CountLater(long position) => _packets.FirstAtLeast(_largestAcknowledged!.Value) - position;

    private void NoticeEpisode(ulong number)
    {
        if (number >= _episodeEnd)
        {
            _episodeEnd = _packets[_packets.End - 1].Number + 1;
            _reordering.OnLossEpisode();
        }
    }

    private void UpdatePace(Instant now)
    {
        double gain = _congestion.IsInSlowStart ? SlowStartPacingGain : PacingGain;
        TimeSpan roundTrip = Rtt.HasSample ? Rtt.Smoothed : RttEstimator.Min(Rtt.Smoothed, s_unknownRtt);
        double seconds = Math.Max(roundTrip.TotalSeconds, 1e-6);
        _pacer.SetRate(now, gain * _congestion.WindowBytes / seconds);
    }

    /// <summary>The longest time between two lost packets with nothing but lost ones between them.</summary>
    private struct PersistentRun
    {
        private long _lastPosition;
        private Instant _firstSentAt;
        private bool _isRunning;

        public TimeSpan Longest { get; private set; }

        public void Add(long position, Instant sentAt)
        {
            if (!_isRunning || position != _lastPosition + 1)
            {
                _firstSentAt = sentAt;
                _isRunning = true;
            }
            _lastPosition = position;
            TimeSpan length = sentAt - _firstSentAt;
            Longest = length > Longest ? length : Longest;
        }
    }
}
