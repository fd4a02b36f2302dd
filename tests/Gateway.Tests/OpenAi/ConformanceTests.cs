using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

/// <summary>Replays recorded OpenAI exchanges and compares shapes: every recorded key must be there with its JSON type.</summary>
public sealed class ConformanceTests
{
    /// <summary>What OpenAI says of its own accounts and their limits.</summary>
    private static readonly string[] HeadersOfOpenAiAlone = ["x-ratelimit-", "openai-organization", "openai-project"];

    /// <summary>As of the recorded model, so that what was asked to be shortened can be.</summary>
    private const int VectorLength = 1536;

    [ExchangesFact]
    public async Task Recorded_requests_get_answers_of_the_recorded_shape()
    {
        List<string> differences = [];
        int compared = 0;
        foreach (RecordedExchange exchange in RecordedExchange.ReadAll().Where(IsServed))
        {
            compared++;
            await CompareAsync(exchange, differences);
        }

        Assert.True(compared > 40, $"{compared} exchanges");
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [ExchangesFact]
    public void Recorded_requests_that_are_not_served_are_refused_by_name()
    {
        string[] refused =
        [
            .. RecordedExchange.ReadAll()
                .Where(e => e is { Method: "POST", Path: "/v1/chat/completions", Request: JsonObject, Status: 200 } && !IsServed(e) && !HasRefusal(e))
                .Select(e => ChatRequestParser.Parse(
                    JsonSerializer.SerializeToUtf8Bytes(e.Request, TestJson.Options), new RequestEntropy(new byte[16], 0), out _)!)
                .Select(error => $"{error.Code} {error.Param}"),
        ];
        Assert.DoesNotContain(refused, r => r.EndsWith(' '));
        Assert.All(refused, r => Assert.StartsWith("unsupported_", r, StringComparison.Ordinal));
    }

    private static bool IsServed(RecordedExchange exchange) => exchange switch
    {
        { Method: "POST", Path: "/v1/chat/completions", Request: JsonObject request, Status: 200 } => !HasRefusal(exchange)
            && ChatRequestParser.Parse(
                JsonSerializer.SerializeToUtf8Bytes(request, TestJson.Options), new RequestEntropy(new byte[16], 0), out _) is null,
        { Method: "POST", Path: "/v1/embeddings", Status: 200 or 400 } => true,
        { Path: "/v1/models" or "/v1/models/gpt-4o-mini" or "/v1/models/fake_id" } => true,
        { Status: 404 } when exchange.Path.StartsWith("/v1/chat/completions/", StringComparison.Ordinal) => true,
        _ => false,
    };

    /// <summary>What OpenAI's own filter says stands in a field that an open model never fills.</summary>
    private static bool HasRefusal(RecordedExchange exchange) =>
        (exchange.Response as JsonObject)?["choices"]?[0]?["message"]?["refusal"] is not null;

    private static async Task CompareAsync(RecordedExchange exchange, List<string> differences)
    {
        string model = exchange.Request?["model"]?.GetValue<string>() ?? "gpt-4o-mini";
        bool calls = (exchange.Response as JsonObject)?["choices"]?[0]?["message"]?["tool_calls"] is not null;
        ScriptedInference inference = new ScriptedInference()
            .Answers(calls ? Say.Call(0, "call_1", "f", "{}") : Say.Text("Hello"), Say.Stop(reason: calls ? FinishReason.ToolCalls : FinishReason.Stop), Say.End());
        if (exchange.Path == "/v1/embeddings")
        {
            int inputs = exchange.Request!["input"] is JsonArray list && list[0]!.GetValueKind() != JsonValueKind.Number ? list.Count : 1;
            inference.Answers([.. Enumerable.Range(0, inputs).Select(index => Say.Vector((uint)index, [1, .. new float[VectorLength - 1]])), Say.Stop(), Say.End()]);
        }

        inference.Models = [new ServedModel(model, 4096, 1, 0, ScriptedInference.All) { Fingerprint = "fp_1" }];
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference, new OpenAiServerOptions());
        using HttpRequestMessage request = new(new HttpMethod(exchange.Method), exchange.Path)
        {
            Content = exchange.Request is null ? null : GatewayHarness.Json(exchange.Request.ToJsonString(TestJson.Options)),
        };
        using HttpResponseMessage response = await gateway.Client.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();

        void Note(string difference) => differences.Add($"{exchange.Id}: {difference}");
        if ((int)response.StatusCode != exchange.Status)
        {
            Note($"status {(int)response.StatusCode}, recorded {exchange.Status}: {body}");
            return;
        }

        foreach ((string header, JsonNode? value) in exchange.ResponseHeaders)
        {
            if (!HeadersOfOpenAiAlone.Any(h => header.StartsWith(h, StringComparison.OrdinalIgnoreCase))
                && !response.Headers.NonValidated.Contains(header) && !response.Content.Headers.NonValidated.Contains(header))
            {
                Note($"no header {header}");
            }

            if (header == "Content-Type" && response.Content.Headers.ContentType!.ToString() != value!.GetValue<string>())
            {
                Note($"content type {response.Content.Headers.ContentType}");
            }
        }

        if (exchange.Status >= 400 && exchange.Response is JsonObject refused && refused["error"] is JsonObject error)
        {
            // Ours name the field and a code where OpenAI's sometimes say null.
            error["param"] = JsonNode.Parse(body)!["error"]!["param"]?.DeepClone();
            error["code"] = JsonNode.Parse(body)!["error"]!["code"]?.DeepClone();
        }

        if (exchange.Response is JsonArray recordedEvents)
        {
            CompareStreams(recordedEvents, body, Note);
        }
        else
        {
            CompareShapes(exchange.Response, JsonNode.Parse(body), "$", Note);
        }
    }

    /// <summary>A role chunk, content chunks, a finish chunk, a usage chunk, [DONE]: the first of each kind is compared.</summary>
    private static void CompareStreams(JsonArray recorded, string body, Action<string> note)
    {
        List<string> expected = GatewayHarness.ParseEvents(string.Concat(recorded.Select(e => e!.GetValue<string>())));
        List<string> actual = GatewayHarness.ParseEvents(body);
        string[] expectedKinds = [.. Kinds(expected)];
        string[] actualKinds = [.. Kinds(actual)];
        if (!expectedKinds.SequenceEqual(actualKinds))
        {
            note($"events {string.Join(' ', actualKinds)}, recorded {string.Join(' ', expectedKinds)}");
            return;
        }

        foreach (string kind in expectedKinds.Where(k => k != "done"))
        {
            CompareShapes(
                JsonNode.Parse(expected.First(e => Kind(e) == kind)), JsonNode.Parse(actual.First(e => Kind(e) == kind)), $"$({kind})", note);
        }
    }

    /// <summary>The kinds in order, runs of one kind folded.</summary>
    private static IEnumerable<string> Kinds(List<string> events)
    {
        string last = "";
        foreach (string kind in events.Select(Kind))
        {
            if (kind != last)
            {
                yield return kind;
            }

            last = kind;
        }
    }

    private static string Kind(string payload)
    {
        if (payload == "[DONE]")
        {
            return "done";
        }

        JsonArray choices = JsonNode.Parse(payload)!["choices"]!.AsArray();
        if (choices.Count == 0)
        {
            return "usage";
        }

        return choices[0]!["finish_reason"] is not null ? "finish"
            : choices[0]!["delta"]!["role"] is not null ? "role"
            : "delta";
    }

    private static void CompareShapes(JsonNode? recorded, JsonNode? actual, string path, Action<string> note)
    {
        JsonValueKind Fold(JsonNode? node) => node is null ? JsonValueKind.Null
            : node.GetValueKind() == JsonValueKind.False ? JsonValueKind.True : node.GetValueKind();
        if (Fold(recorded) != Fold(actual))
        {
            note($"{path} is {Fold(actual)}, recorded {Fold(recorded)}");
            return;
        }

        if (recorded is JsonObject recordedObject)
        {
            foreach ((string key, JsonNode? value) in recordedObject)
            {
                if (!actual!.AsObject().TryGetPropertyValue(key, out JsonNode? found))
                {
                    note($"{path}.{key} is missing");
                    continue;
                }

                CompareShapes(value, found, $"{path}.{key}", note);
            }
        }
        else if (recorded is JsonArray { Count: > 0 } recordedArray && actual!.AsArray().Count > 0)
        {
            CompareShapes(recordedArray[0], actual[0], $"{path}[0]", note);
        }
    }
}
