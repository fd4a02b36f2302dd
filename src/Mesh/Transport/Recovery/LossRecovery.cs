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
/// Armed   -> [probe timeout]                        -> Armed    two probes with data; after a while the timeout doubles up to a cap
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

    /// <summary>So long probes go every timeout, which is no more than a minimal window would send: an outage is left as soon
    /// as it is over. Only then the interval doubles.</summary>
    public static readonly TimeSpan SteadyProbing = TimeSpan.FromSeconds(10);

    private const int PersistentCongestionTimeouts = 3;
    private const int ForgetLostAfterTimeouts = 3;

    private readonly SentPackets _packets = new();
    private readonly DeliveryRate _delivery = new();
    private ReorderingWindow _reordering = new();
    private LossEpisode _episode;
    private ICongestionController _congestion;
    private readonly Pacer _pacer;
    private readonly TimeSpan _peerMaxAckDelay;
    private int _datagramBytes;
    private ulong? _largestAcknowledged;
    private Instant _lastSentAt;
    private Instant? _lossTime;
    private int _backoff;
    private Instant? _silentSince;

    public LossRecovery(
        ICongestionController congestion, RttEstimator rtt, TimeSpan peerMaxAckDelay, int datagramBytes, Instant now)
    {
        _congestion = congestion;
        _peerMaxAckDelay = peerMaxAckDelay;
        _datagramBytes = datagramBytes;
        _pacer = new Pacer(datagramBytes, now);
        Rtt = rtt;
        _pacer.SetRate(now, congestion.PaceBytesPerSecond);
    }

    public RttEstimator Rtt { get; private set; }

    public SentFrameLists Frames { get; } = new();

    /// <summary>Packets that the last input proved received, oldest first.</summary>
    public List<SentPacket> Acknowledged { get; } = [];

    /// <summary>Packets that the last input gave up, oldest first.</summary>
    public List<SentPacket> Lost { get; } = [];

    public long BytesInFlight => _packets.BytesInFlight;

    public long WindowBytes => _congestion.WindowBytes;

    public double PaceBytesPerSecond => _congestion.PaceBytesPerSecond;

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
            TimeSpan backedOff = RttEstimator.Min(once * (1 << Math.Min(_backoff, BackoffShiftMax)), ProbeIntervalMax);
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

    /// <summary>The path takes datagrams of this size from now on.</summary>
    public void SetDatagramBytes(int datagramBytes)
    {
        _datagramBytes = datagramBytes;
        _pacer.SetDatagramBytes(datagramBytes);
        _congestion.SetDatagramBytes(datagramBytes);
    }

    /// <summary>Keeps bursts small while the path is relayed or not proven.</summary>
    public void SetGuarded(bool isGuarded) => _pacer.IsGuarded = isGuarded;

    /// <summary>Nothing waits to be sent although something might go: what is measured now is the application's pace.</summary>
    public void OnApplicationLimited()
    {
        if (HasWindow)
        {
            _delivery.OnApplicationLimited(_packets.BytesInFlight);
        }
    }

    /// <summary>Something waits to be sent and the window is shut.</summary>
    public void OnWindowLimited() => _delivery.OnWindowLimited(_packets.BytesInFlight);

    /// <summary>Records a packet that asks for an acknowledgement.</summary>
    /// <param name="isMtuProbe">Its loss says that the path takes no datagrams of its size, and nothing of congestion.</param>
    public void OnSent(Instant now, ulong number, int bytes, int frames, bool isMtuProbe = false)
    {
        SentPacket packet = new()
        {
            Number = number,
            SentAt = now,
            Bytes = bytes,
            Frames = frames,
            IsMtuProbe = isMtuProbe,
        };
        _delivery.OnSent(ref packet, _packets.BytesInFlight);
        _congestion.OnSent(now, _packets.BytesInFlight, packet.IsApplicationLimited);
        _packets.Add(packet);
        _lastSentAt = now;
        _pacer.OnSent(now, bytes);
        ProbesPending = Math.Max(0, ProbesPending - 1);
    }

    /// <summary>Takes an ACK. The owner has checked that every number in it was sent.</summary>
    /// <remarks>
    /// <list type="number">
    /// <item>Settle what it names: packets in flight, and packets that were given up too early.</item>
    /// <item>Measure the round trip and the rate.</item>
    /// <item>Give up what it overtakes.</item>
    /// <item>Let the controller conclude, and follow its pace.</item>
    /// </list>
    /// </remarks>
    public void OnAck(Instant now, in AckFrame ack, TimeSpan ackDelay)
    {
        // Step 1: settle.
        AckSample sample = new() { Now = now };
        bool any = SettleOutstanding(now, ack, ref sample, out SentPacket newest);
        SettleLate(now, ack);

        // Step 2: measure.
        if (any)
        {
            if (newest.Number == ack.LargestAcknowledged)
            {
                Rtt.Update(now - newest.SentAt, RttEstimator.Min(ackDelay, _peerMaxAckDelay));
                sample = sample with { Rtt = Rtt.Latest };
            }
            if (_largestAcknowledged is not { } before || newest.Number > before)
            {
                _largestAcknowledged = newest.Number;
            }
            _backoff = 0;
            _silentSince = null;
            ProbesPending = 0;
        }

        // Step 3: what is lost.
        DetectLosses(now);

        // Step 4: conclude.
        if (any)
        {
            _congestion.OnAcknowledged(sample with
            {
                NewestSentAt = newest.SentAt,
                BytesInFlight = _packets.BytesInFlight,
                SmoothedRtt = Rtt.Smoothed,
                MinimumRtt = Rtt.Minimum,
                IsWindowLimited = _delivery.IsWindowLimited,
                Rate = _delivery.TakeSample(now, Rtt.Minimum),
            });
        }
        _packets.ForgetSettled(now - (ProbeTimeout * ForgetLostAfterTimeouts));
        _pacer.SetRate(now, _congestion.PaceBytesPerSecond);
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
            _pacer.SetRate(now, _congestion.PaceBytesPerSecond);
            return;
        }
        _silentSince ??= now;
        _backoff += now >= _silentSince + SteadyProbing ? 1 : 0;
        ProbesPending = ProbesPerTimeout;

        // The timer restarts even if the probes have to wait, so that the next call isn't due at once.
        _lastSentAt = now;
    }

    /// <summary>Hands back all packets in flight, because the path that they took is left: that says nothing of congestion.</summary>
    public void Abandon(Instant now)
    {
        while (_packets.Oldest != SentPackets.None)
        {
            Lost.Add(_packets[_packets.Oldest]);
            _packets.Settle(_packets.Oldest, SentPacketState.Abandoned);
        }
        _lossTime = null;
        _lastSentAt = now;
        _backoff = 0;
        _silentSince = null;
        ProbesPending = 0;
    }

    /// <summary>Starts measuring anew; packets in flight stay recorded.</summary>
    public void OnPathChanged(Instant now, ICongestionController congestion, RttEstimator rtt)
    {
        _congestion = congestion;
        _reordering = new ReorderingWindow();
        Rtt = rtt;
        _backoff = 0;
        _silentSince = null;
        _pacer.SetRate(now, congestion.PaceBytesPerSecond);
    }

    /// <summary>The frames of the packet that has waited longest, for a probe to repeat; they stay recorded for it as well.</summary>
    public int OldestFrames => _packets.Oldest == SentPackets.None ? SentFrameLists.Empty : _packets[_packets.Oldest].Frames;

    private bool SettleOutstanding(Instant now, in AckFrame ack, ref AckSample sample, out SentPacket newest)
    {
        newest = default;
        bool any = false;
        long bytes = 0;
        long bytesOfFullWindow = 0;
        int range = ack.Ranges.Length - 1;
        long next;
        for (long p = _packets.Oldest; p != SentPackets.None; p = next)
        {
            SentPacket packet = _packets[p];
            next = packet.Next;
            while (range >= 0 && packet.Number > ack.Ranges[range].Largest)
            {
                range--;
            }
            if (range < 0)
            {
                break;
            }
            if (packet.Number < ack.Ranges[range].Smallest)
            {
                continue;
            }
            any = true;
            newest = packet;
            bytes += packet.Bytes;
            bytesOfFullWindow += packet.IsApplicationLimited ? 0 : packet.Bytes;
            if (packet.Number < _largestAcknowledged)
            {
                _reordering.OnReordered();
            }
            _delivery.OnAcknowledged(now, packet);
            Acknowledged.Add(packet);
            _packets.Settle(p, SentPacketState.Acknowledged);
        }
        sample = sample with { BytesAcknowledged = bytes, BytesOfFullWindow = bytesOfFullWindow };
        return any;
    }

    /// <summary>Packets that were given up and arrived after all.</summary>
    private void SettleLate(Instant now, in AckFrame ack)
    {
        int range = ack.Ranges.Length - 1;
        long next;
        for (long p = _packets.OldestLost; p != SentPackets.None; p = next)
        {
            ref SentPacket packet = ref _packets[p];
            next = packet.Next;
            while (range >= 0 && packet.Number > ack.Ranges[range].Largest)
            {
                range--;
            }
            if (range < 0)
            {
                return;
            }
            if (packet.Number < ack.Ranges[range].Smallest)
            {
                continue;
            }
            _packets.SettleLate(p);
            SpuriousCount++;
            _reordering.OnSpuriousLoss();
            if (_episode.TryUndo(packet.Number))
            {
                _congestion.OnSpuriousLoss(now);
            }
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
            Lost.Add(packet);
            _packets.Settle(position, SentPacketState.Lost);
            if (!packet.IsMtuProbe)
            {
                bool startsRun = run.Add(position, packet.SentAt);
                OnLost(now, packet, startsRun);
            }
        }
        if (Rtt.HasSample && run.Longest > ProbeTimeout * PersistentCongestionTimeouts)
        {
            _congestion.OnPersistentCongestion(now);
        }
    }

    private void OnLost(Instant now, in SentPacket packet, bool startsRun)
    {
        LostCount++;
        if (_episode.Add(packet.Number, _packets.NextNumber))
        {
            _reordering.OnLossEpisode();
        }
        long bytesLost = _delivery.OnLost(packet);
        _congestion.OnLost(new LossSample(
            now, packet.Bytes, packet.SentAt, packet.BytesInFlight, bytesLost, packet.IsApplicationLimited, startsRun));
    }

    /// <summary>Recorded packets after this one up to the largest acknowledged: those that ask for an ACK, no others.</summary>
    private long CountLater(long position) => _packets.FirstAtLeast(_largestAcknowledged!.Value) - position;
}
