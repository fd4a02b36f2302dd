using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Tells how many tokens a prompt has; the tokens themselves are dropped as they come.</summary>
/// <param name="kind">What the dialect calls such an object, if it has a name for it.</param>
internal sealed class InputTokensReply(string? kind = null) : IGenerationReply
{
    public bool TryAdd(NodeResponse response) => true;

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        if (kind is not null)
        {
            json.WriteString("object"u8, kind);
        }

        json.WriteNumber("input_tokens"u8, end.Usage?.PromptTokens ?? 0);
        json.WriteEndObject();
    }
}
