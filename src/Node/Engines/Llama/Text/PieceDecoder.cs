using System;
using System.Text;

namespace Darkbloom.Node.Engines.Llama.Text;

/// <summary>Turns the bytes of token pieces into text; a character that several tokens share waits for its last byte.</summary>
/// <remarks>Bytes that are no UTF-8 become U+FFFD.</remarks>
public sealed class PieceDecoder
{
    private readonly Decoder _decoder = new UTF8Encoding(false, throwOnInvalidBytes: false).GetDecoder();

    public string Append(ReadOnlySpan<byte> piece) => Decode(piece, isLast: false);

    /// <summary>What an unfinished character at the end of the output becomes.</summary>
    public string Finish() => Decode([], isLast: true);

    private string Decode(ReadOnlySpan<byte> piece, bool isLast)
    {
        int count = _decoder.GetCharCount(piece, isLast);
        if (count == 0)
        {
            // The call is still needed: the decoder has to remember the bytes.
            _decoder.GetChars(piece, [], isLast);
            return "";
        }

        return string.Create(count, new Input(_decoder, piece, isLast), static (text, input) =>
            input.Decoder.GetChars(input.Piece, text, input.IsLast));
    }

    private readonly ref struct Input(Decoder decoder, ReadOnlySpan<byte> piece, bool isLast)
    {
        public readonly Decoder Decoder = decoder;
        public readonly ReadOnlySpan<byte> Piece = piece;
        public readonly bool IsLast = isLast;
    }
}
