using System;
using System.Collections.Generic;
using System.Text.Json;
using System.Text.Unicode;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Writes tokens in llama-server's form.</summary>
internal sealed class TokenizeReply(bool withPieces) : IGenerationReply
{
    private readonly List<TokenChance> _tokens = [];

    public bool TryAdd(NodeResponse response)
    {
        if (response.BodyCase == NodeResponse.BodyOneofCase.Delta)
        {
            _tokens.AddRange(response.Delta.Chances);
        }

        return response.BodyCase is NodeResponse.BodyOneofCase.Delta or NodeResponse.BodyOneofCase.ChoiceEnd;
    }

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        json.WriteStartArray("tokens"u8);
        foreach (TokenChance token in _tokens)
        {
            if (withPieces)
            {
                json.WriteStartObject();
                json.WriteNumber("id"u8, token.Token);
                WritePiece(json, token.Text.Span);
                json.WriteEndObject();
            }
            else
            {
                json.WriteNumberValue(token.Token);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A text where the bytes are one; a part of a character is told as its bytes.</summary>
    private static void WritePiece(Utf8JsonWriter json, ReadOnlySpan<byte> piece)
    {
        if (Utf8.IsValid(piece))
        {
            json.WriteString("piece"u8, piece);
            return;
        }

        json.WriteStartArray("piece"u8);
        foreach (byte one in piece)
        {
            json.WriteNumberValue(one);
        }

        json.WriteEndArray();
    }
}
