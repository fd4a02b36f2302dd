using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Responses;

/// <summary>Tells how many tokens a prompt has; the tokens themselves are dropped as they come.</summary>
internal sealed class InputTokensReply : IGenerationReply
{
    public bool TryAdd(NodeResponse response) => true;

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "response.input_tokens"u8);
        json.WriteNumber("input_tokens"u8, end.Usage?.PromptTokens ?? 0);
        json.WriteEndObject();
    }
}
