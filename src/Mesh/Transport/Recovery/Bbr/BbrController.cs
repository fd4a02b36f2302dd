using System;
using System.Diagnostics;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>Congestion control by a model of the path, after draft-ietf-ccwg-bbr (BBRv3): what it delivers and how long it takes.</summary>
/// <remarks>
/// Losses up to a ceiling change nothing; above it bounds are put on the model. <see cref="BbrState"/> has the table of
/// states. Three deliberate differences: the ceiling allows for chance (<see cref="LossCeiling"/>), a round trip close to
/// the least one confirms it (<see cref="MinimumRttFilter"/>), and the window is a quarter smaller.
/// </remarks>
internal sealed class BbrController : ICongestionController
{
    private const double StartupPacingGain = 2.77;
    private const double DrainPacingGain = 0.5;
    private const double DownPacingGain = 0.9;
    private const double UpPacingGain = 1.25;

    /// <summary>With BBRv3's 2, and 2.25 in a probe, two flows keep a whole product of rate and round trip queued.</summary>
    private const double WindowGain = 1.5;
    private const double UpWindowGain = 1.75;
    private const double StartupWindowGain = 2;
    private const double ProbeRttWindowGain = 0.5;
    private const double Beta = 0.7;

    /// <summary>A little less than the measured rate keeps the queue from creeping up.</summary>
    private const double PacingMargin = 0.99;

    private const double QuantumSeconds = 0.001;
    private const int QuantaMin = 3;
    private static readonly TimeSpan s_probeRttDuration = TimeSpan.FromMilliseconds(200);

    private readonly BandwidthFilter _bandwidth = new();
    private readonly MinimumRttFilter _minimumRtt;
    private readonly AckAggregation _aggregation;
    private readonly FullPipe _pipe = new();
    private readonly ShortTermBounds _shortTerm = new();
    private readonly LongTermBound _longTerm = new();
    private readonly ProbeClock _clock;
    private int _datagramBytes;
    private RoundCounter _round;
    private ProbeSamples _probeSamples;
    private bool _mayLowerBound;
    private bool _restartsFromIdle;
    private bool _hasPace;
    private long _windowBefore;
    private Instant? _probeRttEndsAt;
    private bool _probeRttRoundIsOver;
    private long _delivered;

    /// <param name="prng">Spreads the times of probes.</param>
    public BbrController(int datagramBytes, Prng prng, Instant now)
    {
        _datagramBytes = datagramBytes;
        _clock = new ProbeClock(prng);
        _minimumRtt = new MinimumRttFilter(now);
        _aggregation = new AckAggregation(now);
        WindowBytes = CongestionWindow.InitialBytes(datagramBytes);
        PaceBytesPerSecond = CongestionWindow.InitialPace(datagramBytes);
    }

    private enum ProbeSamples
    {
        None,
        Refilling,
        Starting,
        Feedback,
        Stopping,
    }

    public BbrState State { get; private set; } = BbrState.Startup;

    public long WindowBytes { get; private set; }

    public double PaceBytesPerSecond { get; private set; }

    /// <summary>The rate that the model believes in.</summary>
    public double BytesPerSecond => Math.Min(_bandwidth.BytesPerSecond, _shortTerm.BytesPerSecond);

    /// <summary>Null before the first sample.</summary>
    public TimeSpan? MinimumRtt => _minimumRtt.Minimum;

    private bool IsCycling => State is BbrState.Down or BbrState.Cruise or BbrState.Refill or BbrState.Up;

    private double PacingGain => State switch
    {
        BbrState.Startup => StartupPacingGain,
        BbrState.Drain => DrainPacingGain,
        BbrState.Down => DownPacingGain,
        BbrState.Up => UpPacingGain,
        _ => 1,
    };

    private double Gain => State switch
    {
        BbrState.Startup => StartupWindowGain,
        BbrState.Up => UpWindowGain,
        BbrState.ProbeRtt => ProbeRttWindowGain,
        _ => WindowGain,
    };

    public void SetDatagramBytes(int datagramBytes) => _datagramBytes = datagramBytes;

    public void OnSent(Instant now, long bytesInFlight, bool isApplicationLimited)
    {
        if (bytesInFlight > 0 || !isApplicationLimited)
        {
            return;
        }
        _restartsFromIdle = true;
        _aggregation.Restart(now);
        if (IsCycling)
        {
            SetPace(1);
        }
        else if (State == BbrState.ProbeRtt)
        {
            EndProbeRttIfDone(now);
        }
    }

    public void OnLost(in LossSample sample)
    {
        _shortTerm.OnLost(sample);
        if (_mayLowerBound && LossCeiling.IsExceeded(sample.BytesLost, sample.BytesInFlight, _datagramBytes))
        {
            OnInflightTooHigh(sample.Now, sample.BytesInFlight, sample.IsApplicationLimited);
        }
    }

    public void OnSpuriousLoss(Instant now)
    {
        _shortTerm.Undo();
        _longTerm.Undo();
        _pipe.Reset();
    }

    public void OnPersistentCongestion(Instant now) => WindowBytes = CongestionWindow.MinimumBytes(_datagramBytes);

    /// <remarks>
    /// <list type="number">
    /// <item>Feed the model: rounds, rate, bounds, aggregation.</item>
    /// <item>Move through the states.</item>
    /// <item>Derive pace and window.</item>
    /// </list>
    /// </remarks>
    public void OnAcknowledged(in AckSample sample)
    {
        // Step 1: the model.
        RateSample rate = sample.Rate;
        _delivered = rate.TotalDelivered;
        _round.OnAcknowledged(rate);
        _bandwidth.OnSample(rate);
        _shortTerm.OnSample(rate);
        if (_round.IsStart)
        {
            _clock.OnRoundStart();
            _pipe.OnRoundStart(rate);
        }
        if (State is BbrState.Down or BbrState.Cruise or BbrState.Drain or BbrState.ProbeRtt)
        {
            _shortTerm.Adapt(rate, _datagramBytes, _bandwidth.BytesPerSecond, WindowBytes);
        }
        _aggregation.OnAcknowledged(sample, BytesPerSecond, _round.Count, WindowBytes, _pipe.WasFull);

        // Step 2: the states.
        LeaveStartup(sample);
        AdaptLongTermBound(sample);
        Cycle(sample);
        _minimumRtt.OnAcknowledged(sample.Now, sample.Rtt);
        ProbeRtt(sample);
        _shortTerm.Advance(rate);

        // Step 3: pace and window.
        if (!_hasPace && sample.Rtt is not null)
        {
            _hasPace = true;
            PaceBytesPerSecond = StartupPacingGain * WindowBytes / Math.Max(sample.SmoothedRtt.TotalSeconds, 1e-6);
        }
        SetPace(PacingGain);
        SetWindow(sample);
        AssertInvariants();
    }

    private void LeaveStartup(in AckSample sample)
    {
        if (State == BbrState.Startup)
        {
            if (!_pipe.WasFull && _shortTerm.IsStartupOver(sample.Rate, _datagramBytes))
            {
                _pipe.OnExcessiveLoss();
                _longTerm.Lower(Math.Max(Fitting(1), _shortTerm.LatestDelivered));
            }
            if (_pipe.WasFull)
            {
                State = BbrState.Drain;
            }
        }
        if (State == BbrState.Drain && sample.BytesInFlight <= Fitting(1))
        {
            BeginDown(sample.Now);
        }
    }

    private void AdaptLongTermBound(in AckSample sample)
    {
        RateSample rate = sample.Rate;
        if (!_pipe.WasFull)
        {
            return;
        }
        if (_round.IsStart && _probeSamples == ProbeSamples.Starting)
        {
            _probeSamples = ProbeSamples.Feedback;
        }
        else if (_round.IsStart && _probeSamples == ProbeSamples.Stopping)
        {
            _probeSamples = ProbeSamples.None;
            _mayLowerBound = false;
            if (IsCycling && !rate.IsApplicationLimited)
            {
                _bandwidth.Advance();
            }
        }
        if (LossCeiling.IsExceeded(rate.BytesLost, rate.BytesInFlight, _datagramBytes))
        {
            return;
        }
        _longTerm.OnCarried(rate.BytesInFlight);
        if (State == BbrState.Up && sample.IsWindowLimited && WindowBytes >= _longTerm.Bytes)
        {
            _longTerm.Raise(sample.BytesAcknowledged, _round.IsStart, WindowBytes, _datagramBytes);
        }
    }

    private void Cycle(in AckSample sample)
    {
        switch (State)
        {
            case BbrState.Down:
                if (!RefillIfDue(sample.Now) && IsTimeToCruise(sample.BytesInFlight))
                {
                    State = BbrState.Cruise;
                }
                break;
            case BbrState.Cruise:
                _ = RefillIfDue(sample.Now);
                break;
            case BbrState.Refill when _round.IsStart:
                BeginUp(sample.Rate);
                break;
            case BbrState.Up when sample.IsWindowLimited && WindowBytes >= _longTerm.Bytes:
                // The bound, not the path, holds the rate down: go on raising it.
                _pipe.Reset(sample.Rate.BytesPerSecond);
                break;
            case BbrState.Up when _pipe.IsFullNow:
                BeginDown(sample.Now);
                break;
            default:
                break;
        }
    }

    private bool IsTimeToCruise(long bytesInFlight) =>
        bytesInFlight <= _longTerm.BytesWithHeadroom(_datagramBytes) && bytesInFlight <= Fitting(1);

    private bool RefillIfDue(Instant now)
    {
        if (!_clock.IsDue(now, Target / _datagramBytes))
        {
            return false;
        }
        _shortTerm.Reset();
        _probeSamples = ProbeSamples.Refilling;
        _round.Restart(_delivered);
        State = BbrState.Refill;
        return true;
    }

    private void BeginUp(in RateSample rate)
    {
        _mayLowerBound = true;
        _probeSamples = ProbeSamples.Starting;
        _round.Restart(_delivered);
        _pipe.Reset(rate.BytesPerSecond);
        _longTerm.BeginProbe(WindowBytes, _datagramBytes);
        State = BbrState.Up;
    }

    private void BeginDown(Instant now)
    {
        _shortTerm.ResetSignals();
        _clock.Restart(now);
        _probeSamples = ProbeSamples.Stopping;
        _round.Restart(_delivered);
        State = BbrState.Down;
    }

    private void OnInflightTooHigh(Instant now, long bytesInFlight, bool isApplicationLimited)
    {
        // One answer to each probe.
        _mayLowerBound = false;
        if (!isApplicationLimited)
        {
            _longTerm.Lower(Math.Max(bytesInFlight, (long)(Target * Beta)));
        }
        if (State == BbrState.Up)
        {
            BeginDown(now);
        }
        _clock.OnExcessiveLoss();
    }

    private void ProbeRtt(in AckSample sample)
    {
        if (State != BbrState.ProbeRtt && _minimumRtt.IsExpired && !_restartsFromIdle)
        {
            State = BbrState.ProbeRtt;
            _windowBefore = WindowBytes;
            _probeRttEndsAt = null;
            _probeSamples = ProbeSamples.Stopping;
            _round.Restart(_delivered);
        }
        if (State == BbrState.ProbeRtt)
        {
            if (_probeRttEndsAt is not null)
            {
                _probeRttRoundIsOver |= _round.IsStart;
                EndProbeRttIfDone(sample.Now);
            }
            else if (sample.BytesInFlight <= ProbeRttWindow)
            {
                _probeRttEndsAt = sample.Now + s_probeRttDuration;
                _probeRttRoundIsOver = false;
                _round.Restart(_delivered);
            }
        }
        _restartsFromIdle = false;
    }

    private void EndProbeRttIfDone(Instant now)
    {
        if (!_probeRttRoundIsOver || _probeRttEndsAt is not { } end || now <= end)
        {
            return;
        }
        _minimumRtt.OnProbed(now);
        WindowBytes = Math.Max(WindowBytes, _windowBefore);
        _shortTerm.Reset();
        if (_pipe.WasFull)
        {
            BeginDown(now);
            State = BbrState.Cruise;
        }
        else
        {
            State = BbrState.Startup;
        }
    }

    private long Target => Math.Min(Fitting(1), BoundByModel);

    private long ProbeRttWindow => Math.Max(Fitting(ProbeRttWindowGain), CongestionWindow.MinimumBytes(_datagramBytes));

    private long BoundByModel
    {
        get
        {
            long bound = long.MaxValue;
            if (State is BbrState.Cruise or BbrState.ProbeRtt)
            {
                bound = _longTerm.BytesWithHeadroom(_datagramBytes);
            }
            else if (IsCycling)
            {
                bound = _longTerm.Bytes;
            }
            return Math.Max(Math.Min(bound, _shortTerm.BytesInFlight), CongestionWindow.MinimumBytes(_datagramBytes));
        }
    }

    /// <summary>What fits into the path, times the gain, and at least what bursts and delayed acknowledgements need.</summary>
    private long Fitting(double gain) => Quantized(Product(gain));

    private double Product(double gain) => MinimumRtt is { } rtt
        ? gain * BytesPerSecond * rtt.TotalSeconds
        : CongestionWindow.InitialBytes(_datagramBytes);

    private long Quantized(double bytes)
    {
        double quantum = Math.Clamp(PaceBytesPerSecond * QuantumSeconds, 2 * _datagramBytes, Pacer.BurstBytesMax);
        double least = Math.Max(QuantaMin * quantum, CongestionWindow.MinimumBytes(_datagramBytes));
        double probing = State == BbrState.Up ? 2 * _datagramBytes : 0;
        return (long)(Math.Max(bytes, least) + probing);
    }

    private void SetPace(double gain)
    {
        double pace = gain * BytesPerSecond * PacingMargin;
        if (pace > 0 && (_pipe.WasFull || pace > PaceBytesPerSecond))
        {
            PaceBytesPerSecond = pace;
        }
    }

    private void SetWindow(in AckSample sample)
    {
        long most = Quantized(Product(Gain) + _aggregation.ExtraBytes);
        long window = WindowBytes;
        if (_pipe.WasFull)
        {
            window = Math.Min(window + sample.BytesAcknowledged, most);
        }
        else if (window < most || _delivered < CongestionWindow.InitialBytes(_datagramBytes))
        {
            window += sample.BytesAcknowledged;
        }
        window = Math.Max(window, CongestionWindow.MinimumBytes(_datagramBytes));
        if (State == BbrState.ProbeRtt)
        {
            window = Math.Min(window, ProbeRttWindow);
        }
        WindowBytes = Math.Min(window, BoundByModel);
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(WindowBytes >= CongestionWindow.MinimumBytes(_datagramBytes), "The window never closes.");
        Debug.Assert(PaceBytesPerSecond > 0, "Datagrams never stop leaving.");
        Debug.Assert(_pipe.WasFull || State is BbrState.Startup or BbrState.ProbeRtt, "Startup ends when the pipe is full.");
    }
}
