using System;
using System.Collections.Generic;

namespace Darkbloom.Node.Engines.Llama.Sampling;

/// <summary>Tells how likely the model found tokens, before penalties, bias and grammars change its logits.</summary>
public sealed class TokenChances(int vocabulary)
{
    private readonly float[] _logits = new float[vocabulary];
    private double _logSum;

    /// <summary>Keeps the logits of one place; they are changed by the draw that follows.</summary>
    public void Remember(ReadOnlySpan<float> logits)
    {
        logits.CopyTo(_logits);
        float largest = float.NegativeInfinity;
        foreach (float logit in _logits)
        {
            largest = Math.Max(largest, logit);
        }

        double sum = 0;
        foreach (float logit in _logits)
        {
            sum += Math.Exp(logit - largest);
        }

        _logSum = largest + Math.Log(sum);
    }

    /// <summary>The natural logarithm of the token's probability; never an infinity, which JSON doesn't know.</summary>
    public float LogProbability(int token) => (float)Math.Max(_logits[token] - _logSum, LogProbabilityMin);

    /// <summary>What OpenAI says of a token whose chance can't be told from none.</summary>
    private const double LogProbabilityMin = -9999;

    /// <summary>The likeliest tokens, likeliest first, the lower token among equals.</summary>
    public int[] Likeliest(int count)
    {
        PriorityQueue<int, (float Logit, int Token)> kept = new();
        for (int token = 0; token < _logits.Length && count > 0; token++)
        {
            (float Logit, int Token) priority = (_logits[token], -token);
            if (kept.Count == count && kept.TryPeek(out _, out (float Logit, int Token) least) && priority.Logit <= least.Logit)
            {
                continue;
            }

            if (kept.Count < count)
            {
                kept.Enqueue(token, priority);
            }
            else
            {
                kept.EnqueueDequeue(token, priority);
            }
        }

        int[] likeliest = new int[kept.Count];
        for (int place = likeliest.Length - 1; place >= 0; place--)
        {
            likeliest[place] = kept.Dequeue();
        }

        return likeliest;
    }
}
