using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Tests.Support;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

public sealed class ChatStreamTests
{
    private const string Plain = "\"stream_options\":{\"include_obfuscation\":false}";

    private static readonly string[] Names = ["id", "object", "created", "model", "service_tier", "system_fingerprint"];

    [Fact]
    public async Task A_stream_begins_with_the_role_and_ends_with_done()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("Hel"), Say.Text("lo"), Say.Stop(), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        List<string> events = await gateway.StreamToEndAsync(Plain);
        Assert.Equal("[DONE]", events[^1]);
        Assert.Equal(
            [
                """{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}""",
                """{"index":0,"delta":{"content":"Hel"},"logprobs":null,"finish_reason":null}""",
                """{"index":0,"delta":{"content":"lo"},"logprobs":null,"finish_reason":null}""",
                """{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}""",
            ],
            events.SkipLast(1).Select(e => JsonNode.Parse(e)!["choices"]![0]!.ToJsonString()));
    }

    [Fact]
    public async Task Every_chunk_repeats_what_names_the_completion()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("a"), Say.Stop(), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        List<JsonNode> chunks = Chunks(await gateway.StreamToEndAsync());
        string Name(JsonNode chunk) => string.Join('|', Names.Select(name => chunk[name]!.ToJsonString()));
        Assert.Single(chunks.Select(Name).Distinct());
        Assert.Contains("\"chat.completion.chunk\"|", Name(chunks[0]), StringComparison.Ordinal);
        Assert.EndsWith("|\"acme/tiny\"|\"default\"|\"fp_card\"", Name(chunks[0]), StringComparison.Ordinal);
        Assert.All(chunks, chunk => Assert.Null(chunk["usage"]));
        Assert.All(chunks, chunk => Assert.False(chunk.AsObject().ContainsKey("usage")));
    }

    [Fact]
    public async Task Usage_is_null_on_every_chunk_but_the_last_when_asked_for()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("a"), Say.Stop(), Say.End(prompt: 5, completion: 2));
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        List<JsonNode> chunks = Chunks(await gateway.StreamToEndAsync("\"stream_options\":{\"include_usage\":true}"));
        Assert.All(chunks.SkipLast(1), chunk => Assert.True(chunk.AsObject().TryGetPropertyValue("usage", out JsonNode? usage) && usage is null));
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal(7, chunks[^1]["usage"]!["total_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task Chunks_are_padded_to_hide_their_sizes_unless_refused()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("abc"), Say.Text("0123456789abcdef"), Say.Stop(), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        List<JsonNode> chunks = Chunks(await gateway.StreamToEndAsync());
        Assert.Equal([16, 13, 16, 16], chunks.Select(c => c["obfuscation"]!.GetValue<string>().Length));
        Assert.All(Chunks(await gateway.StreamToEndAsync(Plain)), chunk => Assert.Null(chunk["obfuscation"]));
    }

    [Fact]
    public async Task A_tool_call_says_id_type_and_name_once()
    {
        ScriptedInference inference = new ScriptedInference().Answers(
            Say.Call(0, "call_1", "f", ""), Say.Call(0, "", "", "{}"), Say.Stop(reason: FinishReason.ToolCalls), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        List<JsonNode> chunks = Chunks(await gateway.StreamToEndAsync(Plain));
        Assert.Equal(
            [
                """{"role":"assistant","content":null,"refusal":null}""",
                """{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}""",
                """{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}""",
                "{}",
            ],
            chunks.Select(c => c["choices"]![0]!["delta"]!.ToJsonString()));
        Assert.Equal("tool_calls", chunks[^1]["choices"]![0]!["finish_reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task Reasoning_is_a_delta_of_its_own()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Thought("hm"), Say.Text("a"), Say.Stop(), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        List<JsonNode> chunks = Chunks(await gateway.StreamToEndAsync());
        Assert.Equal("""{"reasoning_content":"hm"}""", chunks[1]["choices"]![0]!["delta"]!.ToJsonString());
    }

    [Fact]
    public async Task Each_choice_has_its_own_role_and_end()
    {
        ScriptedInference inference = new ScriptedInference().Answers(
            Say.Text("a", 1), Say.Text("b", 0), Say.Stop(0), Say.Stop(1), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        List<JsonNode> chunks = Chunks(await gateway.StreamToEndAsync("\"n\":2"));
        Assert.Equal([1, 1, 0, 0, 0, 1], chunks.Select(c => c["choices"]![0]!["index"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_stream_has_the_headers_of_one()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference().Answers(Say.Stop(), Say.End()));
        (HttpResponseMessage response, StreamReader lines) = await gateway.StreamAsync();
        using (response)
        {
            Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType!.ToString());
            Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
            Assert.Equal("no", Assert.Single(response.Headers.GetValues("x-accel-buffering")));
            Assert.NotEmpty(response.Headers.GetValues("openai-processing-ms"));
            await lines.ReadToEndAsync();
        }
    }

    [Fact]
    public async Task A_token_is_sent_when_it_comes()
    {
        ScriptedInference inference = new();
        ChannelWriter<NodeResponse> node = inference.AnswersLive();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        await node.WriteAsync(Say.Text("first"));
        (HttpResponseMessage response, StreamReader lines) = await gateway.StreamAsync();
        using (response)
        {
            await ReadUntilAsync(lines, "first");
            await node.WriteAsync(Say.Text("second"));
            await ReadUntilAsync(lines, "second");
        }
    }

    [Fact]
    public async Task A_silent_stream_says_keepalive_each_second_from_the_first_on()
    {
        ManualTime time = new();
        ScriptedInference inference = new();
        ChannelWriter<NodeResponse> node = inference.AnswersLive();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference, new OpenAiServerOptions { Time = time });
        Task<(HttpResponseMessage Response, StreamReader Lines)> opening = gateway.StreamAsync();
        await inference.Called.OrTimeoutAsync("the generation to begin");
        await time.WaitForTimersAsync(1);

        time.Advance(HttpLimits.KeepaliveInterval - TimeSpan.FromMilliseconds(1));
        Assert.False(opening.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        (HttpResponseMessage response, StreamReader lines) = await opening.OrTimeoutAsync("the headers of the stream");
        using (response)
        {
            Assert.Equal("1000", Assert.Single(response.Headers.GetValues("openai-processing-ms")));
            await ReadUntilAsync(lines, ": keepalive");
            time.Advance(HttpLimits.KeepaliveInterval);
            await ReadUntilAsync(lines, ": keepalive");

            // A token counts as a sign of life: the next tick stays silent, the one after does not.
            await node.WriteAsync(Say.Text("token"));
            await ReadUntilAsync(lines, "token");
            time.Advance(HttpLimits.KeepaliveInterval);
            await node.WriteAsync(Say.Text("again"));
            Assert.Equal([""], (await ReadUntilAsync(lines, "again")).Where(line => !line.StartsWith("data:", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Prefill_progress_opens_no_stream()
    {
        ScriptedInference inference = new ScriptedInference().Fails(
            new InferenceException(InferenceOutcome.NoCapacity, TimeSpan.FromMilliseconds(1500)), Say.Prefill(1, 9), Say.Prefill(9, 9));
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        (HttpResponseMessage response, StreamReader lines) = await gateway.StreamAsync();
        using (response)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
            Assert.Equal("1500", Assert.Single(response.Headers.GetValues("retry-after-ms")));
            Assert.Equal("2", Assert.Single(response.Headers.GetValues("retry-after")));
            Assert.Contains("no_capacity", await lines.ReadToEndAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_failure_after_the_first_token_is_the_last_event()
    {
        ScriptedInference inference = new ScriptedInference().Fails(new InferenceException(InferenceOutcome.PeerLost), Say.Text("a"));
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        List<string> events = await gateway.StreamToEndAsync();
        JsonNode error = JsonNode.Parse(events[^1])!["error"]!;
        Assert.Equal("peer_lost", error["code"]!.GetValue<string>());
        Assert.Equal("server_error", error["type"]!.GetValue<string>());
        Assert.DoesNotContain("[DONE]", events);
    }

    [Fact]
    public async Task A_failure_after_a_keepalive_is_the_last_event()
    {
        ManualTime time = new();
        ScriptedInference inference = new();
        ChannelWriter<NodeResponse> node = inference.AnswersLive();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference, new OpenAiServerOptions { Time = time });
        Task<(HttpResponseMessage Response, StreamReader Lines)> opening = gateway.StreamAsync();
        await inference.Called.OrTimeoutAsync("the generation to begin");
        await time.WaitForTimersAsync(1);
        time.Advance(HttpLimits.KeepaliveInterval);
        (HttpResponseMessage response, StreamReader lines) = await opening.OrTimeoutAsync("the headers of the stream");
        using (response)
        {
            node.Complete(new InferenceException(InferenceOutcome.DeadlineExceeded));
            string text = await lines.ReadToEndAsync();
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Contains("deadline_exceeded", Assert.Single(GatewayHarness.ParseEvents(text)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_client_that_leaves_mid_stream_cancels_the_generation()
    {
        ScriptedInference inference = new();
        ChannelWriter<NodeResponse> node = inference.AnswersLive();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        await node.WriteAsync(Say.Text("first"));
        (HttpResponseMessage response, StreamReader lines) = await gateway.StreamAsync();
        await ReadUntilAsync(lines, "first");
        response.Dispose();
        Assert.True(await inference.Ended.OrTimeoutAsync("the generation to be cancelled"));
    }

    [Fact]
    public async Task A_client_that_leaves_before_the_first_token_cancels_the_generation()
    {
        ScriptedInference inference = new();
        inference.AnswersLive();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using CancellationTokenSource leave = new();
        Task opening = gateway.StreamAsync(cancellationToken: leave.Token);
        await inference.Called.OrTimeoutAsync("the generation to begin");
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
        Assert.True(await inference.Ended.OrTimeoutAsync("the generation to be cancelled"));
    }

    private static List<JsonNode> Chunks(List<string> events)
    {
        Assert.Equal("[DONE]", events[^1]);
        return [.. events.SkipLast(1).Select(e => JsonNode.Parse(e)!)];
    }

    private static async Task<List<string>> ReadUntilAsync(StreamReader lines, string text)
    {
        List<string> read = [];
        while (true)
        {
            string? line = await lines.ReadLineAsync().OrTimeoutAsync($"a line with '{text}' after: {string.Join(" / ", read)}");
            Assert.NotNull(line);
            read.Add(line);
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return read;
            }
        }
    }
}
