using System.Collections.Generic;
using System.Text;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Holds the chances of tokens until their text is told: what a stop string hides, its chances don't tell.</summary>
/// <remarks>
/// Text is let out later than it is drawn while it could be part of a stop string or of a tool call. A chance goes out
/// once all bytes of its token are. Chances of tokens that turn out to be reasoning or a tool call are dropped.
/// </remarks>
internal sealed class ChanceBuffer
{
    private readonly Queue<TokenChance> _held = [];
    private readonly List<TokenChance> _released = [];

    /// <summary>Chances that are known only later; see <see cref="Expect"/>.</summary>
    private Queue<TokenChance> _due = [];

    /// <summary>Bytes that were let out beyond those of the chances that were.</summary>
    private long _credit;

    /// <summary>Takes the next token's chance and the text that it lets out, and puts what is due into the delta.</summary>
    public void Append(TokenChance? chance, string text, TokenDelta delta)
    {
        if (chance is not null)
        {
            _held.Enqueue(chance);
        }

        _credit += Encoding.UTF8.GetByteCount(text);
        while (_held.TryPeek(out TokenChance? next) && next.Text.Length <= _credit)
        {
            _held.Dequeue();
            _credit -= next.Text.Length;
            _released.Add(next);
        }

        _credit = _held.Count == 0 ? 0 : _credit;
        if (delta.Content.Length > 0)
        {
            delta.Chances.AddRange(Tail(Encoding.UTF8.GetByteCount(delta.Content)));
        }

        if (delta.Content.Length + delta.Reasoning.Length + delta.ToolCalls.Count > 0)
        {
            _released.Clear();
        }
    }

    /// <summary>
    /// What was appended so far was told by another node, which may have held chances back. Those are to be
    /// <see cref="Fill">filled in</see>.
    /// </summary>
    /// <returns>How many: they belong to the last tokens.</returns>
    public int Expect()
    {
        _due = new Queue<TokenChance>([.. _released, .. _held]);
        return _due.Count;
    }

    /// <summary>The next of the chances that <see cref="Expect"/> found untold.</summary>
    public void Fill(TokenChance chance) => _due.Dequeue().MergeFrom(chance);

    /// <summary>The newest released chances that make up so many bytes: older ones are of tags around the content.</summary>
    private List<TokenChance> Tail(long bytes)
    {
        int first = _released.Count;
        while (first > 0 && bytes > 0)
        {
            bytes -= _released[--first].Text.Length;
        }

        return _released.GetRange(first, _released.Count - first);
    }
}
