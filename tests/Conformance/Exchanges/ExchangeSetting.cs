using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>Puts a recorded request where it can be asked again: another model, and states of its own.</summary>
internal sealed class ExchangeSetting(HttpClient http, string model)
{
    private const string ResponsesPath = "/v1/responses";

    /// <summary>The path to ask; a response that it names is made first.</summary>
    public async Task<string> PrepareAsync(RecordedExchange exchange)
    {
        if (exchange.Status == 200 && exchange.Path.StartsWith(ResponsesPath + "/resp_", System.StringComparison.Ordinal))
        {
            string rest = exchange.Path[(ResponsesPath.Length + 1)..];
            int end = rest.IndexOfAny(['/', '?']);
            bool isCancelled = rest.EndsWith("/cancel", System.StringComparison.Ordinal);
            string id = await CreateResponseAsync([Message("One"), Message("Two"), Message("Three"), Message("Four")], isCancelled);
            return $"{ResponsesPath}/{id}{(end < 0 ? "" : rest[end..])}";
        }

        return exchange.Path.StartsWith("/v1/models/", System.StringComparison.Ordinal) && exchange.Status == 200 ? $"/v1/models/{model}" : exchange.Path;
    }

    /// <summary>The recorded request for this model, led the way that the recorded model went.</summary>
    public async Task<JsonNode> AdaptAsync(RecordedExchange exchange)
    {
        JsonObject request = exchange.Request!.DeepClone().AsObject();
        if (request.ContainsKey("model"))
        {
            request["model"] = model;
        }

        if (exchange.Status == 200)
        {
            SmallModel.Fit(request, exchange);
        }

        if (request["tools"] is JsonArray { Count: > 0 } && request["tool_choice"] is not JsonObject)
        {
            request["tool_choice"] = ExchangeScope.CallsTool(exchange) ? "required" : "none";
        }

        if (request["previous_response_id"] is not null)
        {
            request["previous_response_id"] = await CreateResponseAsync([Message("Hello"), .. CallsBefore(request["input"])], isBackground: false);
        }

        return request;
    }

    /// <summary>The calls whose results the input brings.</summary>
    private static IEnumerable<JsonNode> CallsBefore(JsonNode? input) =>
        from item in input as JsonArray ?? []
        where item?["type"]?.GetValue<string>() == "function_call_output"
        select (JsonNode)new JsonObject
        {
            ["type"] = "function_call",
            ["call_id"] = item["call_id"]!.GetValue<string>(),
            ["name"] = "f",
            ["arguments"] = "{}",
        };

    private static JsonObject Message(string text) => new() { ["role"] = "user", ["content"] = text };

    private async Task<string> CreateResponseAsync(IEnumerable<JsonNode> input, bool isBackground)
    {
        JsonObject request = new()
        {
            ["model"] = model,
            ["input"] = new JsonArray([.. input]),
            ["temperature"] = 0,
            ["background"] = isBackground,
        };
        using StringContent content = new(request.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await http.PostAsync(ResponsesPath, content);
        string body = await response.Content.ReadAsStringAsync();
        return JsonNode.Parse(body)?["id"]?.GetValue<string>() ?? throw new HttpRequestException($"No response to go on from: {body}");
    }
}
