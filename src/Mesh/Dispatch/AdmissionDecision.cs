using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>A node's answer to an offer.</summary>
/// <param name="Reservation">Names the place that is held until it is released; zero when refused.</param>
public readonly record struct AdmissionDecision(
    AdmissionVerdict Verdict, long Reservation = 0, RefusalReason Reason = default, uint RetryAfterMs = 0);

/// <summary>The kinds of <see cref="AdmissionDecision"/>.</summary>
public enum AdmissionVerdict
{
    Refuse,

    /// <summary>Slots are held: it may run now.</summary>
    Admit,

    /// <summary>A place in the queue is held: it may run once the slots are granted.</summary>
    Queue,
}
