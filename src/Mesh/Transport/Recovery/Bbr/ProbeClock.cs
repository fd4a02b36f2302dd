using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>When the next probe for more bandwidth is due: after 1 to 2 s, and after 2 to 3 s when the last one lost too much.</summary>
/// <remarks>
/// A path that carries a probe is probed twice as often as BBRv3 does, whose flows need half a minute to share a
/// bottleneck evenly. One that overflows is probably shared with flows that lose a third of their window each time.
/// On short paths a number of rounds ends the wait: a Reno flow would be as quick. Chance keeps two flows at one
/// bottleneck from probing in step for ever.
/// </remarks>
internal sealed class ProbeClock(Prng prng)
{
    private const int RoundsMax = 32;
    private const int RoundsMaxAfterLoss = 63;
    private const int SpreadMilliseconds = 1000;
    private static readonly TimeSpan s_waitMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_waitAfterLoss = TimeSpan.FromSeconds(1);

    private Instant _due;
    private long _rounds;
    private int _roundsMax;

    public void Restart(Instant now)
    {
        _rounds = prng.Next(2);
        _roundsMax = RoundsMax;
        _due = now + s_waitMin + TimeSpan.FromMilliseconds(prng.Next(SpreadMilliseconds));
    }

    /// <summary>The last probe lost too much: the next one has time.</summary>
    public void OnExcessiveLoss()
    {
        _roundsMax = RoundsMaxAfterLoss;
        _due += s_waitAfterLoss;
    }

    public void OnRoundStart() => _rounds++;

    public bool IsDue(Instant now, long targetPackets) => now > _due || _rounds >= Math.Min(targetPackets, _roundsMax);
}
