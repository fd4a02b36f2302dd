namespace Darkbloom.Simulations.Fleet;

/// <summary>One answer in a Mac's engine.</summary>
/// <param name="outputTokens">Where the model ends the answer: known to the engine alone, as in life.</param>
/// <param name="told">Tokens that an earlier Mac drew: they are read like a prompt.</param>
internal sealed class EngineJob(int promptTokens, int outputTokens, int told)
{
    public int PromptTokens { get; } = promptTokens;

    public int OutputTokens { get; } = outputTokens;

    /// <summary>Tokens of the prompt, and of the answer so far, that are still to be read.</summary>
    public double PrefillLeft { get; set; } = promptTokens + told;

    public bool IsDecoding { get; set; }

    /// <summary>Tokens of the whole answer that exist, the last of them in part.</summary>
    public double Made { get; set; } = told;

    /// <summary>Tokens of the whole answer that the gateway was sent.</summary>
    public int Told { get; set; } = told;

    /// <summary>Tokens that an earlier Mac drew.</summary>
    public int ToldBefore { get; } = told;
}
