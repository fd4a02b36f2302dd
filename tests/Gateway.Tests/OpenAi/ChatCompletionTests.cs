using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Tests.Support;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

public sealed class ChatCompletionTests
{
    private static readonly string[] Paths = ["/healthz", "/v1/models", "/nowhere"];

    [Fact]
    public async Task An_answer_has_openais_shape()
    {
        ScriptedInference inference = new ScriptedInference()
            .Answers(Say.Prefill(1, 7), Say.Text("Hel"), Say.Text("lo é😀"), Say.Stop(), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.ChatAsync();
        JsonNode answer = await GatewayHarness.ReadAsync(response);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        Assert.StartsWith("chatcmpl-", answer["id"]!.GetValue<string>(), StringComparison.Ordinal);
        answer["id"] = "ID";
        answer["created"] = 0;
        JsonNode expected = JsonNode.Parse("""
            {"id":"ID","object":"chat.completion","created":0,"model":"acme/tiny",
             "choices":[{"index":0,"message":{"role":"assistant","content":"Hello é😀","refusal":null,"annotations":[]},
               "logprobs":null,"finish_reason":"stop"}],
             "usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,
               "prompt_tokens_details":{"cached_tokens":2,"audio_tokens":0},
               "completion_tokens_details":{"reasoning_tokens":1,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},
             "service_tier":"default","system_fingerprint":"fp_node"}
            """)!;
        Assert.True(JsonNode.DeepEquals(expected, answer), answer.ToJsonString());
    }

    [Fact]
    public async Task Every_response_carries_openais_headers()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference().Answers(Say.Stop(), Say.End()));
        foreach (string path in Paths)
        {
            using HttpResponseMessage response = await gateway.Client.GetAsync(path);
            AssertHeaders(response);
        }

        using HttpResponseMessage chat = await gateway.ChatAsync();
        AssertHeaders(chat);
    }

    [Fact]
    public async Task Tool_calls_are_put_together()
    {
        ScriptedInference inference = new ScriptedInference().Answers(
            Say.Call(0, "call_1", "f", "{\"a\":"), Say.Call(0, "", "", "1}"), Say.Call(1, "call_2", "g", "{}"),
            Say.Stop(reason: FinishReason.ToolCalls), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.ChatAsync();
        JsonNode choice = (await GatewayHarness.ReadAsync(response))["choices"]![0]!;
        Assert.Equal("tool_calls", choice["finish_reason"]!.GetValue<string>());
        Assert.Null(choice["message"]!["content"]);
        JsonNode expected = JsonNode.Parse("""
            [{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
             {"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}}]
            """)!;
        Assert.True(JsonNode.DeepEquals(expected, choice["message"]!["tool_calls"]), choice.ToJsonString());
    }

    [Fact]
    public async Task Reasoning_stands_beside_the_content()
    {
        ScriptedInference inference = new ScriptedInference().Answers(
            Say.Thought("hm"), Say.Text("yes"), Say.Stop(reason: FinishReason.Length), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.ChatAsync();
        JsonNode choice = (await GatewayHarness.ReadAsync(response))["choices"]![0]!;
        Assert.Equal("hm", choice["message"]!["reasoning_content"]!.GetValue<string>());
        Assert.Equal("yes", choice["message"]!["content"]!.GetValue<string>());
        Assert.Equal("length", choice["finish_reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task Interleaved_choices_are_told_apart()
    {
        ScriptedInference inference = new ScriptedInference().Answers(
            Say.Text("a", 0), Say.Text("x", 1), Say.Text("b", 0), Say.Stop(1), Say.Stop(0), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.ChatAsync("\"n\":2");
        JsonArray choices = (await GatewayHarness.ReadAsync(response))["choices"]!.AsArray();
        Assert.Equal(["ab", "x"], choices.Select(c => c!["message"]!["content"]!.GetValue<string>()));
        Assert.Equal([0, 1], choices.Select(c => c!["index"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Tools_for_a_model_that_has_none_are_refused_by_name()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using HttpResponseMessage response = await gateway.PostAsync(
            """{"model":"plain","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f"}}]}""");
        JsonNode error = (await GatewayHarness.ReadAsync(response))["error"]!;
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("tools", error["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_model_that_is_not_listed_is_left_to_the_mesh()
    {
        ScriptedInference inference = new ScriptedInference().Fails(new InferenceException(InferenceOutcome.ModelNotFound));
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.PostAsync("""{"model":"gone","messages":[{"role":"user","content":"x"}]}""");
        JsonNode error = (await GatewayHarness.ReadAsync(response))["error"]!;
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("model_not_found", error["code"]!.GetValue<string>());
        Assert.Equal("model", error["param"]!.GetValue<string>());
        Assert.Contains("'gone'", error["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BrokenGenerations))]
    public async Task A_generation_that_breaks_the_protocol_is_a_502(NodeResponse[] responses)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference().Answers(responses));
        using HttpResponseMessage response = await gateway.ChatAsync();
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal("protocol_violation", (await GatewayHarness.ReadAsync(response))["error"]!["code"]!.GetValue<string>());
    }

    public static TheoryData<NodeResponse[]> BrokenGenerations() =>
    [
        [],
        [Say.Text("x")],
        [Say.Text("x"), Say.End()],
        [Say.Text("x", choice: 1), Say.Stop(), Say.End()],
        [Say.Stop(), Say.Stop(), Say.End()],
        [Say.Stop(), Say.Text("late"), Say.End()],
        [Say.Stop()],
        [Say.Call(0, "", "", "{}"), Say.Stop(), Say.End()],
        [Say.Call(1, "id", "f", "{}"), Say.Stop(), Say.End()],
        [new NodeResponse { Refused = new Refused() }],
        [new NodeResponse()],
    ];

    [Theory]
    [InlineData(InferenceFault.EngineFailed, 500, "engine_failed")]
    [InlineData(InferenceFault.ContextLengthExceeded, 400, "context_length_exceeded")]
    [InlineData(InferenceFault.InvalidRequest, 400, "invalid_request")]
    [InlineData(InferenceFault.Drained, 502, "peer_lost")]
    public async Task A_generation_that_ends_with_a_fault_is_an_error(InferenceFault fault, int status, string code)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference().Answers(Say.Fault(fault, "why")));
        using HttpResponseMessage response = await gateway.ChatAsync();
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, (await GatewayHarness.ReadAsync(response))["error"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_failure_of_the_gateway_itself_says_nothing_of_its_cause()
    {
        ScriptedInference inference = new ScriptedInference().Fails(new InvalidOperationException("inner secret"));
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.ChatAsync();
        string body = await response.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Contains("internal_error", body, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        AssertHeaders(response);
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_the_generation()
    {
        ScriptedInference inference = new();
        inference.AnswersLive();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using System.Threading.CancellationTokenSource leave = new();
        Task<HttpResponseMessage> asking = gateway.Client.PostAsync(
            GatewayHarness.ChatPath, GatewayHarness.Json(GatewayHarness.ChatBody()), leave.Token);
        await inference.Called.OrTimeoutAsync("the generation to begin");
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.True(await inference.Ended.OrTimeoutAsync("the generation to be cancelled"));
    }

    [Fact]
    public void A_reply_has_a_longest_choice()
    {
        Gateway.OpenAi.Responses.ChatReply reply = new(new("id", 0, "m", null), new GenerateRequest { Choices = 1 });
        Assert.True(reply.TryAdd(Say.Text(new string('x', HttpLimits.ReplyCharsMax - 1))));
        Assert.True(reply.TryAdd(Say.Thought("x")));
        Assert.False(reply.TryAdd(Say.Text("x")));
    }

    private static void AssertHeaders(HttpResponseMessage response)
    {
        Assert.Matches("^req_[0-9a-f]{32}$", Assert.Single(response.Headers.GetValues("x-request-id")));
        Assert.Equal("2020-10-01", Assert.Single(response.Headers.GetValues("openai-version")));
        Assert.Matches("^[0-9]+$", Assert.Single(response.Headers.GetValues("openai-processing-ms")));
        Assert.Equal("X-Request-ID, Darkbloom-Stream", Assert.Single(response.Headers.GetValues("access-control-expose-headers")));
        Assert.False(response.Headers.Contains("server"));
    }
}
