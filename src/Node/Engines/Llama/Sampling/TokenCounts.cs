using System;
using System.Collections.Generic;

namespace Darkbloom.Node.Engines.Llama.Sampling;

/// <summary>How often a choice has written each token: the state behind the penalties on repeating.</summary>
/// <remarks>Tokens of the prompt don't count.</remarks>
public sealed class TokenCounts
{
    private readonly Dictionary<int, int> _counts = [];

    public void Add(int token) => _counts[token] = _counts.GetValueOrDefault(token) + 1;

    /// <summary>Lowers each written token's logit by count · frequency + presence, after dividing its weight by the repetition penalty.</summary>
    public void Penalize(Span<float> logits, in SamplingSettings settings)
    {
        if (settings is { FrequencyPenalty: 0, PresencePenalty: 0, RepetitionPenalty: 1 })
        {
            return;
        }

        foreach ((int token, int count) in _counts)
        {
            // A negative logit is multiplied: dividing it would make the token likelier.
            logits[token] = logits[token] > 0 ? logits[token] / settings.RepetitionPenalty : logits[token] * settings.RepetitionPenalty;
            logits[token] -= (count * settings.FrequencyPenalty) + settings.PresencePenalty;
        }
    }
}
