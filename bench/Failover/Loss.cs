namespace Darkbloom.Bench.Failover;

/// <summary>How a node leaves in the middle of an answer.</summary>
internal enum LossKind
{
    /// <summary>SIGKILL: it says nothing any more.</summary>
    Kill,

    /// <summary>SIGTERM: it hands over what runs.</summary>
    Drain,
}

/// <summary>One node lost in the middle of one answer, as the client saw it.</summary>
/// <param name="Class">The name of the <see cref="RequestClass"/>.</param>
/// <param name="GapMs">The client's longest wait between two pieces, from the loss on; null where it waits for long anyway.</param>
/// <param name="EngineMs">From the signal until the node's engine computed nothing any more; null for a node that was killed.</param>
internal sealed record Loss(LossKind Kind, string Class, bool IsFinished, bool IsEqual, double? GapMs, double? EngineMs);
