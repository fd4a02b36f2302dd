using System;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>What the slots have computed and a new prompt need not compute again; the engine's thread owns it.</summary>
internal sealed class PrefixCache(LlamaContext context, Slot[] slots)
{
    /// <summary>Tokens that another slot's cache must save before it is copied: the copy takes the whole cache.</summary>
    public const int CopyTokensMin = 32;

    /// <summary>The free slot that has most of the prompt cached already; among equals the one whose cache is oldest.</summary>
    public Slot? FindFreeSlot(int[] prompt)
    {
        Slot? best = null;
        int bestPrefix = -1;
        foreach (Slot slot in slots)
        {
            if (!slot.IsFree)
            {
                continue;
            }

            int prefix = slot.CommonPrefix(prompt);
            if (best is null || prefix > bestPrefix || (prefix == bestPrefix && slot.FreedAt < best.FreedAt))
            {
                best = slot;
                bestPrefix = prefix;
            }
        }

        return best;
    }

    /// <summary>Keeps or copies the longest cached prefix; the last token is always computed, for its logits.</summary>
    public int Take(Slot slot, int[] prompt)
    {
        ReadOnlySpan<int> reusable = prompt.AsSpan(0, prompt.Length - 1);
        int own = slot.CommonPrefix(reusable);
        Slot? source = null;
        int longest = own + CopyTokensMin - 1;
        foreach (Slot other in slots)
        {
            int prefix = other == slot ? 0 : other.CommonPrefix(reusable);
            if (prefix > longest)
            {
                longest = prefix;
                source = other;
            }
        }

        if (source is not null)
        {
            context.Copy(source.Sequence, slot.Sequence);
            slot.OnCopied(source);
            own = longest;
        }

        if (own == slot.CachedCount)
        {
            return own;
        }

        if (!context.TryTruncate(slot.Sequence, own))
        {
            // Recurrent models keep one state and can't go back in it.
            context.Clear(slot.Sequence);
            own = 0;
        }

        slot.OnTruncated(own);
        return own;
    }
}
