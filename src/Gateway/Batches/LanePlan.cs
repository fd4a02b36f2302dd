using System;

namespace Darkbloom.Gateway.Batches;

/// <summary>What batches may take of the nodes of a model at this moment.</summary>
/// <param name="Starts">How many lines may begin.</param>
/// <param name="Preempts">Whether one that runs must make room.</param>
internal readonly record struct LanePlan(int Starts, bool Preempts)
{
    /// <summary>Batches take slots that are idle and that no request waits for, and give one back while a request does.</summary>
    /// <param name="idle">Slots of the model's nodes that are free.</param>
    /// <param name="queued">Requests that wait at its nodes, of this gateway and of others.</param>
    /// <param name="interactive">Requests of this gateway's clients without a first token.</param>
    /// <param name="waiting">Lines of batches that want to begin.</param>
    /// <param name="running">Lines of batches that run.</param>
    public static LanePlan For(int idle, int queued, int interactive, int waiting, int running) =>
        queued > 0
            ? new LanePlan(0, running > 0)
            : new LanePlan(Math.Max(0, Math.Min(waiting, idle - interactive)), false);
}
