using System;
using Darkbloom.Node.Engines.Llama.Native;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>The state of one choice's grammar; the engine's thread alone uses it.</summary>
internal sealed unsafe class Grammar(GrammarHandle handle, int vocabulary) : IDisposable
{
    private LlamaTokenData[]? _candidates;

    /// <summary>True when the token may come next.</summary>
    public bool Allows(int token)
    {
        LlamaTokenData candidate = new() { id = token };
        LlamaTokenDataArray candidates = new() { data = &candidate, size = 1, selected = -1 };
        return Apply(&candidates) && candidate.logit == 0;
    }

    /// <summary>Sets the logit of every token that may not come next to -infinity; false when the grammar failed.</summary>
    public bool Mask(Span<float> logits)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, vocabulary);
        LlamaTokenData[] candidates = _candidates ??= new LlamaTokenData[vocabulary];
        for (int token = 0; token < logits.Length; token++)
        {
            candidates[token] = new LlamaTokenData { id = token, logit = logits[token] };
        }

        fixed (LlamaTokenData* data = candidates)
        {
            LlamaTokenDataArray array = new() { data = data, size = (nuint)candidates.Length, selected = -1 };
            if (!Apply(&array))
            {
                return false;
            }
        }

        foreach (ref readonly LlamaTokenData candidate in candidates.AsSpan())
        {
            logits[candidate.id] = candidate.logit;
        }

        return true;
    }

    /// <summary>Moves past a token that was drawn; false when the grammar failed.</summary>
    public bool Accept(int token)
    {
        byte* error;
        int result = Shim.dbl_grammar_accept(handle, token, &error);
        Shim.dbl_free(error);
        return result == 0;
    }

    public void Dispose() => handle.Dispose();

    private bool Apply(LlamaTokenDataArray* candidates)
    {
        byte* error;
        int result = Shim.dbl_grammar_apply(handle, candidates, &error);
        Shim.dbl_free(error);
        return result == 0;
    }
}
