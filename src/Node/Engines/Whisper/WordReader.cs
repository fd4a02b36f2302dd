using System;
using System.Collections.Generic;
using System.Text;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Whisper;

/// <summary>Puts a segment's tokens together into words, each with the times of its tokens.</summary>
/// <remarks>
/// A token that begins with a space begins a word. Languages that are written without spaces have a word for each
/// character, or for each token of several. Punctuation belongs to no word.
/// </remarks>
/// <param name="pieceOf">The bytes of a token of text: half a character may be one.</param>
internal sealed class WordReader(Func<int, ReadOnlySpan<byte>> pieceOf)
{
    private readonly List<byte> _bytes = [];
    private readonly List<TranscriptWord> _words = [];
    private bool _hasSpaces;
    private uint _startMs;
    private uint _endMs;

    public void Begin(string language)
    {
        _hasSpaces = language is not ("zh" or "ja" or "th" or "lo" or "my" or "yue");
        _words.Clear();
        _bytes.Clear();
    }

    public void Add(int token, uint startMs, uint endMs)
    {
        ReadOnlySpan<byte> piece = pieceOf(token);
        if (_bytes.Count > 0 && (_hasSpaces ? piece.StartsWith(" "u8) : IsWhole()))
        {
            Finish();
        }

        if (_bytes.Count == 0)
        {
            _startMs = startMs;
        }

        _bytes.AddRange(piece);
        _endMs = Math.Max(startMs, endMs);
    }

    public IEnumerable<TranscriptWord> End()
    {
        Finish();
        return _words;
    }

    private bool IsWhole() => System.Text.Unicode.Utf8.IsValid(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes));

    private void Finish()
    {
        string text = Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes));
        _bytes.Clear();
        int start = 0;
        int end = text.Length;
        while (start < end && IsAround(text[start]))
        {
            start++;
        }

        while (end > start && IsAround(text[end - 1]))
        {
            end--;
        }

        if (end > start)
        {
            _words.Add(new TranscriptWord { Text = text[start..end], StartMs = _startMs, EndMs = _endMs });
        }
    }

    private static bool IsAround(char character) => char.IsWhiteSpace(character) || (char.IsPunctuation(character) && character is not ('%' or '&' or '@' or '#'));
}
