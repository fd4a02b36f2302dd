using System;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>Sums up why a request's attempts failed into the one outcome that helps the client most.</summary>
/// <remarks>
/// Nodes may disagree, and one that is wrong or hostile must not speak for all. So the outcome under which another try
/// has the best prospects wins: busy nodes first, then those that can't serve such a request, then those that broke.
/// </remarks>
internal sealed class AttemptFailures
{
    private InferenceOutcome? _worst;
    private uint? _retryAfterMs;

    /// <summary>The outcome so far and when to try again; null when no attempt failed.</summary>
    public (InferenceOutcome Outcome, TimeSpan? RetryAfter)? Verdict => _worst is not { } outcome ? null
        : (outcome, outcome == InferenceOutcome.NoCapacity && _retryAfterMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null);

    public void OnRefused(RefusalReason reason, uint retryAfterMs)
    {
        InferenceOutcome outcome = reason switch
        {
            RefusalReason.QueueFull or RefusalReason.Draining or RefusalReason.OwnerActive
                or RefusalReason.InsufficientMemory or RefusalReason.DeadlineUnreachable => InferenceOutcome.NoCapacity,
            RefusalReason.ContextLengthExceeded => InferenceOutcome.ContextLengthExceeded,
            RefusalReason.Unsupported => InferenceOutcome.InvalidRequest,
            RefusalReason.ModelNotServed => InferenceOutcome.NoNodeReachable,
            _ => InferenceOutcome.ProtocolViolation,
        };
        if (outcome == InferenceOutcome.NoCapacity && retryAfterMs > 0)
        {
            // The soonest place anywhere is the client's place.
            _retryAfterMs = Math.Min(_retryAfterMs ?? uint.MaxValue, Math.Min(retryAfterMs, InferenceLimits.RetryAfterMsMax));
        }

        OnFailed(outcome);
    }

    public void OnFailed(InferenceOutcome outcome)
    {
        if (_worst is not { } worst || Rank(outcome) > Rank(worst))
        {
            _worst = outcome;
        }
    }

    private static int Rank(InferenceOutcome outcome) => outcome switch
    {
        InferenceOutcome.NoCapacity => 6,
        InferenceOutcome.ContextLengthExceeded => 5,
        InferenceOutcome.InvalidRequest => 4,
        InferenceOutcome.EngineFailed => 3,
        InferenceOutcome.NoNodeReachable => 2,
        InferenceOutcome.PeerLost => 1,
        _ => 0,
    };
}
