using System;
using System.Linq;
using System.Text.Json.Nodes;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>Which recorded exchanges are compared.</summary>
public static class ExchangeScope
{
    /// <summary>The endpoint, without what the client names in its path.</summary>
    public static string PartOf(RecordedExchange exchange)
    {
        string[] pieces = exchange.Path.Split('?')[0].Split('/', StringSplitOptions.RemoveEmptyEntries);
        int kept = pieces is [_, "chat" or "audio" or "images", ..] ? 3 : 2;
        return pieces.Length > kept && pieces is [_, "chat", ..] ? "/v1/chat/completions/{id}" : "/" + string.Join('/', pieces[..Math.Min(kept, pieces.Length)]);
    }

    /// <summary>Null for an exchange that is compared.</summary>
    public static string? ReasonNotCompared(RecordedExchange exchange)
    {
        string part = PartOf(exchange);
        if (part is not ("/v1/chat/completions" or "/v1/chat/completions/{id}" or "/v1/responses" or "/v1/embeddings" or "/v1/models"
            or "/v1/files" or "/v1/batches"))
        {
            return "an endpoint of another comparison";
        }

        // The parts of a form were recorded one by one, or not at all: another form takes their place.
        if (exchange.Request is not (null or JsonObject) && part != "/v1/files")
        {
            return "a request that was recorded cut";
        }

        // What OpenAI's own filter says stands in a field that an open model never fills.
        return (exchange.Response as JsonObject)?["choices"]?[0]?["message"]?["refusal"] is not null ? "a refusal by OpenAI's filter" : null;
    }

    /// <summary>The recorded answer calls a tool.</summary>
    public static bool CallsTool(RecordedExchange exchange) => exchange.Response switch
    {
        JsonObject whole => whole["choices"]?[0]?["message"]?["tool_calls"] is not null || HasCall(whole["output"]),
        JsonArray events => events.Select(static one => one!.GetValue<string>()).Any(static text =>
            text.Contains("\"tool_calls\":[", StringComparison.Ordinal) || text.Contains("function_call_arguments", StringComparison.Ordinal)),
        _ => false,
    };

    private static bool HasCall(JsonNode? output)
    {
        foreach (JsonNode? item in output as JsonArray ?? [])
        {
            if (item?["type"]?.GetValue<string>() == "function_call")
            {
                return true;
            }
        }

        return false;
    }
}
