using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Conformance.Exchanges;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

/// <summary>Replays recorded OpenAI exchanges over a mesh that answers as the recorded model did, and compares shapes.</summary>
public sealed class ConformanceTests
{
    private const string Model = "gpt-4o-mini";

    private const int VectorLength = 16;

    [ExchangesFact]
    public async Task Recorded_requests_get_answers_of_the_recorded_shape()
    {
        List<ReplayOutcome> outcomes = await ReplayAllAsync();
        string[] differences =
        [
            .. outcomes.Where(static outcome => outcome.Verdict == ReplayVerdict.Different)
                .Select(static outcome => $"{outcome.Id}: {string.Join("; ", outcome.Remarks)}"),
        ];
        Assert.True(differences.Length == 0, string.Join('\n', differences));
        Assert.True(outcomes.Count(static outcome => outcome.Verdict == ReplayVerdict.Same) > 100);
    }

    private static async Task<List<ReplayOutcome>> ReplayAllAsync()
    {
        List<ReplayOutcome> outcomes = [];
        foreach (RecordedExchange exchange in RecordedExchange.ReadAll())
        {
            if (ExchangeScope.ReasonNotCompared(exchange) is null)
            {
                await using GatewayHarness gateway = await GatewayHarness.StartAsync(
                    AnswerAs(exchange), new OpenAiServerOptions { ApiKeys = ["db-key"] });
                gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "db-key");
                outcomes.Add(await new ExchangeReplay(gateway.Client, Model).RunAsync(exchange));
            }
        }

        return outcomes;
    }

    private static ScriptedInference AnswerAs(RecordedExchange exchange)
    {
        FinishReason reason = ExchangeScope.CallsTool(exchange) ? FinishReason.ToolCalls
            : (exchange.Response as JsonObject)?["status"]?.GetValue<string>() == "incomplete" ? FinishReason.Length
            : FinishReason.Stop;
        NodeResponse said = reason == FinishReason.ToolCalls ? Say.Call(0, "call_1", "f", "{}") : Say.Text("Hello");
        bool thinks = ((exchange.Response as JsonObject)?["output"] as JsonArray)?.Any(static item => item!["type"]!.GetValue<string>() == "reasoning") == true;
        ScriptedInference inference = exchange.Path == "/v1/embeddings"
            ? new ScriptedInference().Answers([.. Vectors(exchange), Say.Stop(), Say.End()])
            : new ScriptedInference().Answers([.. thinks ? [Say.Thought("Hm.")] : (NodeResponse[])[], said, Say.Stop(reason: reason), Say.End()]);
        if (exchange.Path.EndsWith("/cancel", System.StringComparison.Ordinal))
        {
            // The answer must not be whole before it is cancelled.
            inference.AnswersLive();
        }

        inference.Models = [new ServedModel(Model, 4096, 1, 0, ScriptedInference.All) { Fingerprint = "fp_1" }];
        return inference;
    }

    private static IEnumerable<NodeResponse> Vectors(RecordedExchange exchange)
    {
        int inputs = exchange.Request!["input"] is JsonArray list && list[0]!.GetValueKind() != JsonValueKind.Number ? list.Count : 1;
        return Enumerable.Range(0, inputs).Select(static index => Say.Vector((uint)index, [1, .. new float[VectorLength - 1]]));
    }
}
