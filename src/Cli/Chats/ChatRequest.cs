using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Darkbloom.Cli.Chats;

/// <summary>What is asked of the gateway; what is null is left to the model.</summary>
internal sealed record ChatRequest(string Model, ImmutableArray<ChatMessage> Messages)
{
    public int? TokensMax { get; init; }

    public double? Temperature { get; init; }

    public long? Seed { get; init; }

    /// <summary>The body of a streaming chat completion.</summary>
    public string ToJson()
    {
        JsonArray messages = [];
        foreach (ChatMessage message in Messages)
        {
            messages.Add((JsonNode)new JsonObject { ["role"] = message.Role, ["content"] = message.Content });
        }

        JsonObject body = new()
        {
            ["model"] = Model,
            ["messages"] = messages,
            ["stream"] = true,
            ["stream_options"] = new JsonObject { ["include_usage"] = true },
        };
        if (TokensMax is { } tokens)
        {
            body["max_completion_tokens"] = tokens;
        }

        if (Temperature is { } temperature)
        {
            body["temperature"] = temperature;
        }

        if (Seed is { } seed)
        {
            body["seed"] = seed;
        }

        return body.ToJsonString();
    }
}
