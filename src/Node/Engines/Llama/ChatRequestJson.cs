namespace Darkbloom.Node.Engines.Llama;

/// <summary>The parts of a request in the form that the template engine takes: JSON texts that were checked.</summary>
/// <param name="Tools">Empty when there are none.</param>
/// <param name="ToolChoice">auto, none, required or empty.</param>
/// <param name="Schema">Empty when the output is free.</param>
internal sealed record ChatRequestJson(
    string Messages, string Tools, string ToolChoice, string Schema, bool ParallelToolCalls)
{
    /// <summary>none, low, medium, high or empty.</summary>
    public string ReasoningEffort { get; init; } = "";

    /// <summary>The last message is the assistant's, and the answer goes on where it stops.</summary>
    public bool ContinuesFinalMessage { get; init; }
}
