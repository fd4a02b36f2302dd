namespace Darkbloom.Simulations.Traces;

/// <summary>One request of a recorded workload.</summary>
/// <param name="ArrivedS">Seconds since the first request.</param>
/// <param name="Conversation">Requests that begin alike have the same one; 0: it begins like no other.</param>
/// <param name="SharedTokens">How much of the prompt the conversation's last request had, or was answered.</param>
public readonly record struct TraceRequest(double ArrivedS, int PromptTokens, int OutputTokens, ulong Conversation = 0, int SharedTokens = 0);
