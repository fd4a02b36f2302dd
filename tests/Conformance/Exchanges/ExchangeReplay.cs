using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>Sends what was recorded to a gateway, and compares the answer with the recorded one.</summary>
/// <param name="http">Its base address is the gateway, without /v1; it sends the API key.</param>
/// <param name="model">Stands in for the recorded model.</param>
public sealed class ExchangeReplay(HttpClient http, string model)
{
    /// <summary>What OpenAI says of its own accounts and their limits.</summary>
    private static readonly string[] HeadersOfOpenAiAlone = ["x-ratelimit-", "openai-organization", "openai-project"];

    public async Task<ReplayOutcome> RunAsync(RecordedExchange exchange)
    {
        string part = ExchangeScope.PartOf(exchange);
        if (ExchangeScope.ReasonNotCompared(exchange) is { } reason)
        {
            return new ReplayOutcome(part, exchange.Id, ReplayVerdict.OutOfScope, [reason]);
        }

        ExchangeSetting setting = new(http, model);
        string path = await setting.PrepareAsync(exchange);
        using HttpRequestMessage request = new(new HttpMethod(exchange.Method), path)
        {
            Content = exchange is { Path: ExchangeSetting.FilesPath, Method: "POST" } ? ExchangeSetting.FormLike(exchange)
                : exchange.Request is null ? null
                : new StringContent((await setting.AdaptAsync(exchange)).ToJsonString(), Encoding.UTF8, "application/json"),
        };
        if (exchange.Status == 401)
        {
            request.Headers.Authorization = new("Bearer", "not-a-real-key");
        }

        using HttpResponseMessage response = await http.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        if (FindRefusal(exchange, response, body) is { } refusal)
        {
            return new ReplayOutcome(part, exchange.Id, ReplayVerdict.Refused, [refusal]);
        }

        if (path.EndsWith("/cancel", StringComparison.Ordinal) && (body.Contains("\"status\":\"completed\"", StringComparison.Ordinal) || body.Contains("with status 'completed'", StringComparison.Ordinal)))
        {
            return new ReplayOutcome(part, exchange.Id, ReplayVerdict.OutOfScope, ["an answer that was whole before it could be cancelled"]);
        }

        List<string> differences = [];
        Compare(exchange, response, body, differences.Add);
        return new ReplayOutcome(
            part, exchange.Id, differences.Count == 0 ? ReplayVerdict.Same : ReplayVerdict.Different, [.. differences]);
    }

    /// <summary>The field that the gateway names as one that it doesn't honour, or null.</summary>
    private static string? FindRefusal(RecordedExchange exchange, HttpResponseMessage response, string body)
    {
        if (exchange.Status != 200 || (int)response.StatusCode != 400)
        {
            return null;
        }

        JsonNode? error = JsonNode.Parse(body)?["error"];
        string code = error?["code"]?.GetValue<string>() ?? "";
        string param = error?["param"]?.GetValue<string>() ?? "";
        return code.StartsWith("unsupported_", StringComparison.Ordinal) && param.Length > 0 ? $"{code} {param}" : null;
    }

    private static void Compare(RecordedExchange exchange, HttpResponseMessage response, string body, Action<string> note)
    {
        if ((int)response.StatusCode != exchange.Status)
        {
            note($"status {(int)response.StatusCode}, recorded {exchange.Status}: {body[..Math.Min(body.Length, 300)]}");
            return;
        }

        CompareHeaders(exchange, response, note);
        if (exchange.Response is JsonArray recorded)
        {
            EventShapes.Compare(string.Concat(recorded.Select(static one => one!.GetValue<string>())), body, note);
            return;
        }

        JsonNode? actual = JsonNode.Parse(body);
        if (exchange.Status >= 400 && exchange.Response is JsonObject refused && refused["error"] is JsonObject error)
        {
            // Ours name the field and a code where OpenAI's sometimes say null.
            error["param"] = actual?["error"]?["param"]?.DeepClone();
            error["code"] = actual?["error"]?["code"]?.DeepClone();
        }

        ShapeComparison.Compare(exchange.Response, actual, "$", note);
    }

    private static void CompareHeaders(RecordedExchange exchange, HttpResponseMessage response, Action<string> note)
    {
        foreach ((string header, JsonNode? value) in exchange.ResponseHeaders)
        {
            if (!HeadersOfOpenAiAlone.Any(own => header.StartsWith(own, StringComparison.OrdinalIgnoreCase))
                && !response.Headers.NonValidated.Contains(header) && !response.Content.Headers.NonValidated.Contains(header))
            {
                note($"no header {header}");
            }

            if (header == "Content-Type" && response.Content.Headers.ContentType?.MediaType != value!.GetValue<string>().Split(';')[0])
            {
                note($"content type {response.Content.Headers.ContentType}");
            }
        }
    }
}
