using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>The table of HyStart++, RFC 9406.</summary>
/// <remarks><code>
/// SlowStart    -> [least RTT of a round rose by an eighth] -> Conservative   the queue begins to fill
/// Conservative -> [least RTT fell below where it began]    -> SlowStart      it was only jitter
/// Conservative -> [five rounds]                            -> Finished
/// any          -> [loss]                                   -> Finished
/// </code></remarks>
internal enum HyStartState
{
    SlowStart,
    Conservative,
    Finished,
}

/// <summary>Leaves slow start when the round trip grows, before the queue overflows. The pace makes bursts no concern.</summary>
internal sealed class HyStart
{
    private const int SamplesPerRound = 8;
    private const int ConservativeRounds = 5;
    private const int ConservativeDivisor = 4;
    private const int RttDivisor = 8;
    private static readonly TimeSpan s_thresholdMin = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan s_thresholdMax = TimeSpan.FromMilliseconds(16);

    private Instant? _roundStart;
    private TimeSpan? _lastRoundRtt;
    private TimeSpan _thisRoundRtt = TimeSpan.MaxValue;
    private TimeSpan _baselineRtt;
    private int _samples;
    private int _rounds;

    public HyStartState State { get; private set; }

    /// <summary>Slow start adds acknowledged bytes divided by this.</summary>
    public int GrowthDivisor => State == HyStartState.Conservative ? ConservativeDivisor : 1;

    public void OnLost() => State = HyStartState.Finished;

    /// <param name="newestSentAt">A packet sent after a round began ends it.</param>
    public void OnAcknowledged(Instant now, Instant newestSentAt, TimeSpan? rtt)
    {
        if (State == HyStartState.Finished)
        {
            return;
        }
        if (_roundStart is null || newestSentAt > _roundStart)
        {
            BeginRound(now);
        }
        if (rtt is not { } sample)
        {
            return;
        }
        _samples++;
        _thisRoundRtt = RttEstimator.Min(_thisRoundRtt, sample);
        if (_samples < SamplesPerRound || _lastRoundRtt is not { } last)
        {
            return;
        }
        if (State == HyStartState.Conservative)
        {
            State = _thisRoundRtt < _baselineRtt ? HyStartState.SlowStart : State;
        }
        else if (_thisRoundRtt >= last + Threshold(last))
        {
            State = HyStartState.Conservative;
            _baselineRtt = _thisRoundRtt;
            _rounds = 0;
        }
    }

    private static TimeSpan Threshold(TimeSpan rtt) =>
        RttEstimator.Max(s_thresholdMin, RttEstimator.Min(rtt / RttDivisor, s_thresholdMax));

    private void BeginRound(Instant now)
    {
        if (State == HyStartState.Conservative && ++_rounds > ConservativeRounds)
        {
            State = HyStartState.Finished;
        }
        _roundStart = now;
        _lastRoundRtt = _samples > 0 ? _thisRoundRtt : _lastRoundRtt;
        _thisRoundRtt = TimeSpan.MaxValue;
        _samples = 0;
    }
}
