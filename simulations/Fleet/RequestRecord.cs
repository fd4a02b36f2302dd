using Darkbloom.Mesh.Dispatch;

namespace Darkbloom.Simulations.Fleet;

/// <summary>What became of one request: a row of requests.csv.</summary>
/// <param name="ArrivedS">Seconds since the start.</param>
/// <param name="FirstTokenS">From its arrival to its first token; null without one.</param>
/// <param name="TotalS">From its arrival to its end.</param>
/// <param name="LongestGapS">Longest time between two pieces of the answer.</param>
/// <param name="Offers">Nodes that were offered it.</param>
/// <param name="Exposure">Nodes that saw its prompt.</param>
/// <param name="Resumptions">How often another node went on with the answer.</param>
public sealed record RequestRecord(
    int Id,
    int Gateway,
    double ArrivedS,
    double? FirstTokenS,
    double TotalS,
    double LongestGapS,
    int PromptTokens,
    int OutputTokens,
    InferenceOutcome Outcome,
    int Offers,
    int Exposure,
    int Resumptions);
