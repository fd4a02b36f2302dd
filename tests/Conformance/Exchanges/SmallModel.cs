using System;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>Fits a recorded request to a model of a million parameters: it must come to an end where a large one would.</summary>
/// <remarks>The shape of the answer stays what it is: nothing is added or removed that an answer shows, but further keys of schemas.</remarks>
internal static class SmallModel
{
    private const int Dimensions = 8;
    private const int VocabularyTokens = 800;
    private const int TextCharsMax = 160;
    private const int StringCharsMax = 6;
    private const int ItemsMax = 2;

    public static void Fit(JsonObject request, RecordedExchange exchange)
    {
        if (request["dimensions"] is not null)
        {
            request["dimensions"] = Dimensions;
        }

        if (ExchangeScope.CallsTool(exchange))
        {
            // The question that the model answers by a call at once.
            request["temperature"] = 0;
            request[request["messages"] is null ? "input" : "messages"] =
                new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "What is the weather in Oslo?" });
        }

        if ((exchange.Response as JsonObject)?["status"]?.GetValue<string>() == "incomplete")
        {
            request["max_output_tokens"] = 1;
        }

        foreach (string key in (string[])["messages", "input"])
        {
            Shorten(request[key]);
        }

        foreach (JsonNode? tool in request["tools"] as JsonArray ?? [])
        {
            JsonObject? function = (tool!["function"] ?? tool) as JsonObject;
            if (function?["parameters"] is JsonObject parameters)
            {
                Bound(parameters);
                function["strict"] = true;
            }
        }

        Bound(request["text"]?["format"]?["schema"]);
        Bound(request["response_format"]?["json_schema"]?["schema"]);
    }

    private static void Shorten(JsonNode? node)
    {
        foreach (JsonNode? child in Children(node))
        {
            if (child is not JsonValue value || value.GetValueKind() != JsonValueKind.String)
            {
                if (child is JsonValue number && number.GetValueKind() == JsonValueKind.Number)
                {
                    number.ReplaceWith(number.GetValue<int>() % VocabularyTokens);
                }

                Shorten(child);
            }
            else if (value.GetValue<string>() is { Length: > TextCharsMax } text && !text.StartsWith("data:", StringComparison.Ordinal))
            {
                value.ReplaceWith(text[..TextCharsMax]);
            }
        }
    }

    /// <summary>Gives every free string and list of a schema an end.</summary>
    private static void Bound(JsonNode? schema)
    {
        if (schema is JsonObject rule)
        {
            switch (rule["type"])
            {
                case JsonValue type when type.GetValueKind() == JsonValueKind.String && type.GetValue<string>() == "string" && rule["enum"] is null:
                    rule["maxLength"] = StringCharsMax;
                    break;
                case JsonValue type when type.GetValueKind() == JsonValueKind.String && type.GetValue<string>() == "array":
                    rule["maxItems"] = ItemsMax;
                    break;
            }
        }

        foreach (JsonNode? child in Children(schema))
        {
            Bound(child);
        }
    }

    private static JsonNode?[] Children(JsonNode? node) => node switch
    {
        JsonObject map => [.. map.Select(static pair => pair.Value)],
        JsonArray list => [.. list],
        _ => [],
    };
}
