using System.Collections.Generic;

namespace Darkbloom.Node.Engines.Llama.Sampling;

/// <summary>How one choice's tokens are drawn; every value is inside its range.</summary>
public readonly record struct SamplingSettings
{
    public const float TemperatureMax = 2;
    public const float PenaltyMax = 2;
    public const float LogitBiasMax = 100;
    public const int LogitBiasTokensMax = 1024;

    public float Temperature { get; private init; }

    public float TopP { get; private init; }

    /// <summary>Zero when every token may be drawn.</summary>
    public int TopK { get; private init; }

    public float MinP { get; private init; }

    public float FrequencyPenalty { get; private init; }

    public float PresencePenalty { get; private init; }

    /// <summary>One when repeating costs nothing.</summary>
    public float RepetitionPenalty { get; private init; }

    /// <summary>What is added to single tokens' logits; every token is one of the vocabulary, which the engine checks.</summary>
    public IReadOnlyList<KeyValuePair<int, float>> LogitBias { get; private init; }

    public ulong Seed { get; private init; }

    /// <summary>Reads what a gateway asked for; <paramref name="fault"/> names the field that is out of range.</summary>
    public static bool TryCreate(Protocol.Schema.Sampling? source, out SamplingSettings settings, out string fault)
    {
        settings = default;
        fault = source switch
        {
            null => "sampling is missing",
            { Temperature: not (>= 0 and <= TemperatureMax) } => "temperature must be 0 to 2",
            { TopP: not (> 0 and <= 1) } => "top_p must be above 0 and at most 1",
            { TopK: < 0 } => "top_k must not be negative",
            { MinP: not (>= 0 and <= 1) } => "min_p must be 0 to 1",
            { FrequencyPenalty: not (>= -PenaltyMax and <= PenaltyMax) } => "frequency_penalty must be -2 to 2",
            { PresencePenalty: not (>= -PenaltyMax and <= PenaltyMax) } => "presence_penalty must be -2 to 2",
            { RepetitionPenalty: not (>= 0 and <= PenaltyMax) } => "repetition_penalty must be 0 to 2",
            { LogitBias.Count: > LogitBiasTokensMax } => "logit_bias must name at most 1024 tokens",
            _ => FindBiasFault(source),
        };
        if (source is null || fault.Length > 0)
        {
            return false;
        }

        settings = new SamplingSettings
        {
            Temperature = source.Temperature,
            TopP = source.TopP,
            TopK = source.TopK,
            MinP = source.MinP,
            FrequencyPenalty = source.FrequencyPenalty,
            PresencePenalty = source.PresencePenalty,
            RepetitionPenalty = source.RepetitionPenalty == 0 ? 1 : source.RepetitionPenalty,
            LogitBias = [.. Bias(source)],
            Seed = source.Seed,
        };
        return true;
    }

    private static string FindBiasFault(Protocol.Schema.Sampling source)
    {
        foreach ((uint token, float bias) in source.LogitBias)
        {
            if (token > int.MaxValue || bias is not (>= -LogitBiasMax and <= LogitBiasMax))
            {
                return "logit_bias must be -100 to 100, by token";
            }
        }

        return "";
    }

    private static IEnumerable<KeyValuePair<int, float>> Bias(Protocol.Schema.Sampling source)
    {
        foreach ((uint token, float bias) in source.LogitBias)
        {
            yield return new((int)token, bias);
        }
    }

    /// <summary>The noise of choice i is drawn under seed + i.</summary>
    public SamplingSettings ForChoice(int choice) => this with { Seed = unchecked(Seed + (ulong)choice) };
}
