using System;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Responses;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.Responses;

/// <summary>Responses on the wire: whole, in events, and asked for again.</summary>
public sealed class ResponsesTests
{
    private const string Tools = """
        "tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}}},{"type":"function","name":"g"}]
        """;

    private static ScriptedInference Hello => new ScriptedInference().Answers(Say.Text("Hel"), Say.Text("lo"), Say.Stop(), Say.End());

    [Fact]
    public async Task A_text_is_one_message()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(Hello);
        JsonNode response = await gateway.CreateAsync();
        Assert.Equal(("response", "completed"), (response["object"]!.GetValue<string>(), response["status"]!.GetValue<string>()));
        JsonNode item = Assert.Single(response["output"]!.AsArray())!;
        Assert.Equal("""[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]""", item["content"]!.ToJsonString());
        Assert.Equal(
            """{"input_tokens":7,"input_tokens_details":{"cache_write_tokens":0,"cached_tokens":2},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":10}""",
            response["usage"]!.ToJsonString());
    }

    [Fact]
    public async Task Thoughts_words_and_calls_are_items_in_their_order()
    {
        ScriptedInference inference = new ScriptedInference().Answers(
            Say.Thought("Hm"), Say.Thought("."), Say.Text("So"), Say.Call(0, "call_1", "f", "{"), Say.Call(0, "", "", "}"), Say.Call(1, "call_2", "g", "{}"),
            Say.Stop(reason: FinishReason.ToolCalls), Say.End());
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(inference);
        JsonArray output = (await gateway.CreateAsync($"\"input\":\"Hi\",{Tools}"))["output"]!.AsArray();
        Assert.Equal(["reasoning", "message", "function_call", "function_call"], output.Select(static item => item!["type"]!.GetValue<string>()));
        Assert.Equal("""[{"type":"reasoning_text","text":"Hm."}]""", output[0]!["content"]!.ToJsonString());
        Assert.Equal(("{}", "call_1"), (output[2]!["arguments"]!.GetValue<string>(), output[2]!["call_id"]!.GetValue<string>()));
        Assert.Equal(4, output.Select(static item => item!["id"]!.GetValue<string>()).Distinct().Count());
    }

    [Fact]
    public async Task Events_come_in_the_order_that_clients_rely_on()
    {
        ScriptedInference inference = new ScriptedInference().Answers(
            Say.Thought("Hm."), Say.Text("Hel"), Say.Text("lo"), Say.Call(0, "call_1", "f", "{}"), Say.Stop(reason: FinishReason.ToolCalls), Say.End());
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(inference);
        var events = await gateway.StreamEventsAsync($"\"input\":\"Hi\",{Tools}");
        Assert.Equal(
            [
                "response.created", "response.in_progress",
                "response.output_item.added", "response.content_part.added", "response.reasoning_text.delta", "response.reasoning_text.done",
                "response.content_part.done", "response.output_item.done",
                "response.output_item.added", "response.content_part.added", "response.output_text.delta", "response.output_text.delta",
                "response.output_text.done", "response.content_part.done", "response.output_item.done",
                "response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done", "response.output_item.done",
                "response.completed",
            ],
            events.Select(static one => one.Kind));
        Assert.Equal([0, 1, 2], events.Where(static one => one.Kind == "response.output_item.done").Select(static one => one.Data["output_index"]!.GetValue<int>()));
        Assert.Equal("Hello", events.Single(static one => one.Kind == "response.output_text.done").Data["text"]!.GetValue<string>());
        Assert.Equal(3, events[^1].Data["response"]!["output"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_summary_of_reasoning_has_events_of_its_own()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Thought("Hm."), Say.Text("So"), Say.Stop(), Say.End());
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(inference);
        var events = await gateway.StreamEventsAsync("\"input\":\"Hi\",\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"}");
        Assert.Equal(
            ["response.reasoning_summary_part.added", "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "response.reasoning_summary_part.done"],
            events.Select(static one => one.Kind).Where(static kind => kind.Contains("reasoning", StringComparison.Ordinal)));
        Assert.Equal("low", (await inference.Called).ReasoningEffort);
    }

    [Fact]
    public async Task An_answer_that_was_cut_is_incomplete()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(
            new ScriptedInference().Answers(Say.Text("Hel"), Say.Stop(reason: FinishReason.Length), Say.End()));
        JsonNode response = await gateway.CreateAsync("\"input\":\"Hi\",\"max_output_tokens\":1");
        Assert.Equal("""{"reason":"max_output_tokens"}""", response["incomplete_details"]!.ToJsonString());
        Assert.Equal(("incomplete", "incomplete"), (response["status"]!.GetValue<string>(), response["output"]![0]!["status"]!.GetValue<string>()));
        Assert.Equal("response.incomplete", (await gateway.StreamEventsAsync("\"input\":\"Hi\""))[^1].Kind);
    }

    [Fact]
    public async Task A_failure_in_the_middle_is_a_failed_response_and_an_error()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(
            new ScriptedInference().Answers(Say.Text("Hel"), Say.Fault(InferenceFault.EngineFailed)));
        var events = await gateway.StreamEventsAsync("\"input\":\"Hi\"");
        Assert.Equal(["response.failed", "error"], events.TakeLast(2).Select(static one => one.Kind));
        Assert.Equal("server_error", events[^2].Data["response"]!["error"]!["code"]!.GetValue<string>());
        Assert.Equal("engine_failed", events[^1].Data["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_conversation_goes_on_from_the_response_before()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(
            new ScriptedInference().Answers(Say.Text("So"), Say.Call(0, "call_1", "f", "{}"), Say.Stop(reason: FinishReason.ToolCalls), Say.End()));
        string first = (await gateway.CreateAsync($"\"input\":\"Hi\",\"instructions\":\"Be brief.\",{Tools}")).Id();
        string more = $$"""
            "previous_response_id":"{{first}}","instructions":"Be long.","input":[{"type":"function_call_output","call_id":"call_1","output":"42"}]
            """;
        JsonNode second = await gateway.CreateAsync(more);
        Assert.Equal(first, second["previous_response_id"]!.GetValue<string>());

        GenerateRequest asked = gateway.Inference.Requests.Last();
        Assert.Equal(
            [("system", "Be long."), ("user", "Hi"), ("assistant", "So"), ("tool", "42")],
            asked.Messages.Select(static message => (message.Role, message.Content)));
        Assert.Equal("""[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]""", asked.Messages[2].ToolCallsJson);

        JsonNode items = await gateway.GetAsync($"{ResponseHarness.Path}/{second.Id()}/input_items?order=asc");
        Assert.Equal(
            ["message", "message", "function_call", "function_call_output"], items["data"]!.AsArray().Select(static item => item!["type"]!.GetValue<string>()));
    }

    [Fact]
    public async Task An_item_may_be_named_instead_of_sent()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(Hello);
        JsonNode first = await gateway.CreateAsync();
        string item = first["output"]![0]!["id"]!.GetValue<string>();
        await gateway.CreateAsync($$"""
            "input":[{"role":"user","content":"Hi"},{"type":"item_reference","id":"{{item}}"},{"role":"user","content":"Again"}]
            """);
        Assert.Equal(["Hi", "Hello", "Again"], gateway.Inference.Requests.Last().Messages.Select(static message => message.Content));
        JsonNode error = await gateway.CreateAsync("\"input\":[{\"type\":\"item_reference\",\"id\":\"msg_x\"}]", 404);
        Assert.Equal("input[0].id", error["error"]!["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_was_stored_is_there_until_it_is_deleted()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(Hello);
        JsonNode created = await gateway.CreateAsync("\"input\":\"Hi\",\"metadata\":{\"a\":\"b\"}");
        string path = $"{ResponseHarness.Path}/{created.Id()}";
        Assert.Equal(created.ToJsonString(), (await gateway.GetAsync(path)).ToJsonString());

        using HttpResponseMessage deleted = await gateway.Client.DeleteAsync(path);
        Assert.Equal($$"""{"id":"{{created.Id()}}","object":"response","deleted":true}""", await deleted.Content.ReadAsStringAsync());
        JsonNode gone = await gateway.GetAsync(path, 404);
        Assert.Equal($"Response with id '{created.Id()}' not found.", gone["error"]!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_must_not_be_stored_is_not_there()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(Hello);
        JsonNode created = await gateway.CreateAsync("\"input\":\"Hi\",\"store\":false");
        await gateway.GetAsync($"{ResponseHarness.Path}/{created.Id()}", 404);
        JsonNode error = await gateway.CreateAsync($"\"input\":\"Hi\",\"previous_response_id\":\"{created.Id()}\"", 400);
        Assert.Equal("previous_response_not_found", error["error"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Another_key_opens_nothing()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(Hello, new OpenAiServerOptions { ApiKeys = ["one", "two"] });
        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "one");
        string path = $"{ResponseHarness.Path}/{(await gateway.CreateAsync()).Id()}";
        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "two");
        await gateway.GetAsync(path, 404);
        using HttpResponseMessage deleted = await gateway.Client.DeleteAsync(path);
        Assert.Equal(404, (int)deleted.StatusCode);
        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "one");
        await gateway.GetAsync(path);
    }

    [Fact]
    public async Task A_response_in_the_background_is_polled()
    {
        ScriptedInference inference = new();
        ChannelWriter<NodeResponse> node = inference.AnswersLive();
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(inference);
        JsonNode created = await gateway.CreateAsync("\"input\":\"Hi\",\"background\":true");
        Assert.Contains(created["status"]!.GetValue<string>(), (string[])["queued", "in_progress"]);
        string path = $"{ResponseHarness.Path}/{created.Id()}";
        await inference.Called;
        Assert.Equal("in_progress", (await gateway.GetAsync(path))["status"]!.GetValue<string>());

        foreach (NodeResponse said in (NodeResponse[])[Say.Text("Hello"), Say.Stop(), Say.End()])
        {
            Assert.True(node.TryWrite(said));
        }

        node.Complete();
        await inference.Ended;

        // A cancel waits for the last state, and leaves a response that is over as it is.
        using HttpResponseMessage over = await gateway.PostAsync("{}", $"{path}/cancel");
        JsonNode done = await gateway.GetAsync(path);
        Assert.Equal(("completed", "Hello"), (done["status"]!.GetValue<string>(), done["output"]![0]!["content"]![0]!["text"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_response_in_the_background_can_be_cancelled_and_another_one_not()
    {
        ScriptedInference inference = new();
        inference.AnswersLive();
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(inference);
        string path = $"{ResponseHarness.Path}/{(await gateway.CreateAsync("\"input\":\"Hi\",\"background\":true")).Id()}";
        using HttpResponseMessage cancelled = await gateway.PostAsync("{}", $"{path}/cancel");
        Assert.Equal("cancelled", (await GatewayHarness.ReadAsync(cancelled))["status"]!.GetValue<string>());

        inference.Answers(Say.Text("Hello"), Say.Stop(), Say.End());
        using HttpResponseMessage refused = await gateway.PostAsync("{}", $"{ResponseHarness.Path}/{(await gateway.CreateAsync()).Id()}/cancel");
        Assert.Equal(400, (int)refused.StatusCode);
    }

    [Fact]
    public async Task As_many_run_in_the_background_as_the_limit_allows()
    {
        ScriptedInference inference = new();
        inference.AnswersLive();
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(inference);
        const string Background = "\"input\":\"Hi\",\"background\":true";
        string last = "";
        for (int i = 0; i < BackgroundResponses.RunningMax; i++)
        {
            last = (await gateway.CreateAsync(Background)).Id();
        }

        Assert.Equal("overloaded", (await gateway.CreateAsync(Background, 503))["error"]!["code"]!.GetValue<string>());
        using HttpResponseMessage cancelled = await gateway.PostAsync("{}", $"{ResponseHarness.Path}/{last}/cancel");
        await gateway.CreateAsync(Background);
    }

    [Fact]
    public async Task A_stored_response_is_not_streamed_again()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(Hello);
        JsonNode error = await gateway.GetAsync($"{ResponseHarness.Path}/{(await gateway.CreateAsync()).Id()}?stream=true", 400);
        Assert.Equal("stream", error["error"]!["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task Input_items_are_paged()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(Hello);
        string path = $"{ResponseHarness.Path}/{(await gateway.CreateAsync("""
            "input":[{"role":"user","content":"1"},{"role":"user","content":"2"},{"role":"user","content":"3"}]
            """)).Id()}/input_items";
        JsonNode first = await gateway.GetAsync($"{path}?limit=2");
        Assert.Equal(["3", "2"], first["data"]!.AsArray().Select(static item => item!["content"]![0]!["text"]!.GetValue<string>()));
        Assert.True(first["has_more"]!.GetValue<bool>());
        JsonNode second = await gateway.GetAsync($"{path}?limit=2&after={first["last_id"]}");
        Assert.Equal(["1"], second["data"]!.AsArray().Select(static item => item!["content"]![0]!["text"]!.GetValue<string>()));
        Assert.False(second["has_more"]!.GetValue<bool>());
        Assert.Equal("limit", (await gateway.GetAsync($"{path}?limit=101", 400))["error"]!["param"]!.GetValue<string>());
        Assert.Equal(3, (await gateway.GetAsync($"{path}?limit=100"))["data"]!.AsArray().Count);
        Assert.Equal("after", (await gateway.GetAsync($"{path}?after=x", 400))["error"]!["param"]!.GetValue<string>());
        Assert.Equal("order", (await gateway.GetAsync($"{path}?order=x", 400))["error"]!["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_prompt_is_counted_without_an_answer()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("x"), Say.Stop(), Say.End(prompt: 12));
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.PostAsync("""{"model":"acme/tiny","input":"Tell me a joke."}""", $"{ResponseHarness.Path}/input_tokens");
        Assert.Equal("""{"object":"response.input_tokens","input_tokens":12}""", await response.Content.ReadAsStringAsync());
        Assert.NotNull((await inference.Called).Tokenization);
    }

    [Fact]
    public async Task Turns_are_left_out_where_that_is_allowed_until_the_context_holds_the_rest()
    {
        ScriptedInference inference = new ScriptedInference().AnswersEach(static request => request.Messages.Count > 2
            ? [Say.Fault(InferenceFault.ContextLengthExceeded)]
            : [Say.Text("Hello"), Say.Stop(), Say.End()]);
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(inference);
        string turns = string.Join(',', Enumerable.Range(0, 8).Select(static turn => $$"""{"role":"user","content":"{{turn}}"}"""));
        await gateway.CreateAsync($"\"truncation\":\"auto\",\"instructions\":\"Be brief.\",\"input\":[{turns}]");
        Assert.Equal(["Be brief.", "7"], gateway.Inference.Requests.Last().Messages.Select(static message => message.Content));

        JsonNode error = await gateway.CreateAsync($"\"instructions\":\"Be brief.\",\"input\":[{turns}]", 400);
        Assert.Equal(("context_length_exceeded", "input"), (error["error"]!["code"]!.GetValue<string>(), error["error"]!["param"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Logprobs_come_with_the_text()
    {
        TokenChance chance = new() { Token = 1, Text = Google.Protobuf.ByteString.CopyFromUtf8("Hi"), Logprob = -0.5f };
        ScriptedInference inference = new ScriptedInference().Answers(Say.Chance("Hi", chance), Say.Stop(), Say.End());
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(inference);
        JsonNode response = await gateway.CreateAsync("\"input\":\"Hi\",\"include\":[\"message.output_text.logprobs\"],\"top_logprobs\":2");
        Assert.Equal(
            """[{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[]}]""", response["output"]![0]!["content"]![0]!["logprobs"]!.ToJsonString());
        Assert.Equal((true, 2u), ((await inference.Called).Logprobs, (await inference.Called).TopLogprobs));
    }
}
