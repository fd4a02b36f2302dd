using System.Collections.Immutable;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>How an answer stands to the recorded one.</summary>
public enum ReplayVerdict
{
    /// <summary>Every recorded key is there with its type, and events come in the recorded order.</summary>
    Same,

    /// <summary>Something that was recorded is missing or of another type.</summary>
    Different,

    /// <summary>The request asks for what this gateway doesn't do, and the gateway names the field at once.</summary>
    Refused,

    /// <summary>The exchange is on an endpoint, or needs a state, that isn't part of the comparison.</summary>
    OutOfScope,
}

/// <param name="Part">The endpoint that the exchange belongs to.</param>
/// <param name="Remarks">The differences; of what wasn't compared, why.</param>
public sealed record ReplayOutcome(string Part, string Id, ReplayVerdict Verdict, ImmutableArray<string> Remarks);
