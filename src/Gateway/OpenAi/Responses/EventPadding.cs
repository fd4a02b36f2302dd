using System;
using System.Text.Json;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Pads events, so that their sizes on the wire don't tell the lengths of tokens.</summary>
internal sealed class EventPadding(ulong seed)
{
    /// <summary>Events are padded to multiples of this many characters of text.</summary>
    private const int Block = 16;

    private readonly Prng _chance = new(seed);

    public void Write(Utf8JsonWriter json, int textLength)
    {
        Span<byte> padding = stackalloc byte[Block - (textLength % Block)];
        for (int i = 0; i < padding.Length; i++)
        {
            padding[i] = (byte)('a' + _chance.Next(26));
        }

        json.WriteString("obfuscation"u8, padding);
    }
}
