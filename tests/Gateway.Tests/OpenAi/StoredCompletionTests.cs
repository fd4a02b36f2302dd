using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Responses;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

public sealed class StoredCompletionTests
{
    private static ScriptedInference Hello => new ScriptedInference().Answers(Say.Text("Hel"), Say.Text("lo"), Say.Stop(), Say.End());

    [Fact]
    public async Task A_completion_is_kept_as_openai_keeps_it()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Hello);
        using HttpResponseMessage response = await gateway.ChatAsync("\"store\":true,\"seed\":-5,\"temperature\":0.5,\"metadata\":{\"a\":\"b\"},\"user\":\"me\"");
        string requestId = response.Headers.GetValues("x-request-id").Single();
        JsonNode told = await GatewayHarness.ReadAsync(response);
        string id = told["id"]!.GetValue<string>();
        JsonNode kept = await gateway.GetAsync($"/v1/chat/completions/{id}");
        Assert.Equal(
            $$$"""{"object":"chat.completion","id":"{{{id}}}","model":"acme/tiny","created":{{{told["created"]}}},"request_id":"{{{requestId}}}","tool_choice":null,"usage":{"total_tokens":10,"completion_tokens":3,"prompt_tokens":7},"seed":-5,"top_p":1,"temperature":0.5,"presence_penalty":0,"frequency_penalty":0,"system_fingerprint":"fp_node","input_user":"me","service_tier":"default","tools":null,"metadata":{"a":"b"},"choices":[{"index":0,"message":{"content":"Hello","role":"assistant","tool_calls":null,"function_call":null},"finish_reason":"stop","logprobs":null}],"response_format":null}""",
            kept.ToJsonString());
        JsonNode messages = await gateway.GetAsync($"/v1/chat/completions/{id}/messages");
        Assert.Equal(
            $$"""[{"id":"{{id}}-0","role":"user","content":"Hi","content_parts":null,"name":null}]""", messages["data"]!.ToJsonString());
        Assert.False(messages["has_more"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_streamed_completion_is_kept_too_and_one_that_does_not_ask_is_not()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Hello);
        List<string> events = await gateway.StreamToEndAsync("\"store\":true");
        string id = JsonNode.Parse(events[0])!["id"]!.GetValue<string>();
        JsonNode kept = await gateway.GetAsync($"/v1/chat/completions/{id}");
        Assert.Equal("Hello", kept["choices"]![0]!["message"]!["content"]!.GetValue<string>());

        using HttpResponseMessage response = await gateway.ChatAsync("\"store\":false");
        string other = (await GatewayHarness.ReadAsync(response))["id"]!.GetValue<string>();
        JsonNode missing = await gateway.GetAsync($"/v1/chat/completions/{other}", status: 404);
        Assert.Equal("completion_id", missing["error"]!["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task Kept_completions_are_listed_by_model_and_by_their_own_words_the_newest_first()
    {
        ManualTime time = new();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Hello, new OpenAiServerOptions { Time = time });
        List<string> ids = [];
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await gateway.ChatAsync($$"""
                "store":true,"metadata":{"turn":"{{i % 2}}"}
                """);
            ids.Add((await GatewayHarness.ReadAsync(response))["id"]!.GetValue<string>());
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([ids[2], ids[1], ids[0]], Ids(await gateway.GetAsync("/v1/chat/completions")));
        Assert.Equal([ids[0], ids[2]], Ids(await gateway.GetAsync("/v1/chat/completions?order=asc&metadata[turn]=0")));
        Assert.Equal([ids[1]], Ids(await gateway.GetAsync($"/v1/chat/completions?limit=1&after={ids[2]}&model=acme/tiny")));
        Assert.Empty(Ids(await gateway.GetAsync("/v1/chat/completions?model=plain")));
    }

    [Fact]
    public async Task The_clients_own_words_can_be_replaced_and_the_completion_deleted()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Hello);
        using HttpResponseMessage response = await gateway.ChatAsync("\"store\":true,\"metadata\":{\"a\":\"b\"}");
        string path = $"/v1/chat/completions/{(await GatewayHarness.ReadAsync(response))["id"]}";
        using HttpResponseMessage updated = await gateway.PostAsync("""{"metadata":{"c":"d"}}""", path);
        Assert.Equal("""{"c":"d"}""", (await GatewayHarness.ReadAsync(updated))["metadata"]!.ToJsonString());
        JsonNode kept = await gateway.GetAsync(path);
        Assert.Equal("""{"c":"d"}""", kept["metadata"]!.ToJsonString());
        Assert.Equal("Hello", kept["choices"]![0]!["message"]!["content"]!.GetValue<string>());
        foreach ((string body, string param) in new[] { ("{}", "metadata"), ("""{"metadata":{"a":1}}""", "metadata.a"), ("""{"model":"x"}""", "model") })
        {
            using HttpResponseMessage refused = await gateway.PostAsync(body, path);
            Assert.Equal(param, (await GatewayHarness.ReadAsync(refused))["error"]!["param"]!.GetValue<string>());
        }

        using HttpResponseMessage deleted = await gateway.Client.DeleteAsync(path);
        Assert.Equal("chat.completion.deleted", (await GatewayHarness.ReadAsync(deleted))["object"]!.GetValue<string>());
        await gateway.GetAsync(path, status: 404);
        await gateway.GetAsync(path + "/messages", status: 404);
    }

    [Fact]
    public async Task Another_client_finds_none_of_them()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Hello, new OpenAiServerOptions { ApiKeys = ["one", "two"] });
        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "one");
        using HttpResponseMessage response = await gateway.ChatAsync("\"store\":true");
        string id = (await GatewayHarness.ReadAsync(response))["id"]!.GetValue<string>();
        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "two");
        await gateway.GetAsync($"/v1/chat/completions/{id}", status: 404);
        Assert.Empty(Ids(await gateway.GetAsync("/v1/chat/completions")));
    }

    [Fact]
    public async Task Calls_of_tools_and_parts_of_messages_are_kept_as_they_were()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(
            new ScriptedInference().Answers(Say.Call(0, "call_1", "f", "{}"), Say.Stop(reason: Protocol.Schema.FinishReason.ToolCalls), Say.End()));
        const string Tools = """[{"type":"function","function":{"name":"f"}}]""";
        using HttpResponseMessage response = await gateway.PostAsync(
            $$"""{"model":"acme/tiny","store":true,"tools":{{Tools}},"tool_choice":"auto","messages":[{"role":"user","content":[{"type":"text","text":"Hi"}],"name":"joe"}]}""");
        string id = (await GatewayHarness.ReadAsync(response))["id"]!.GetValue<string>();
        JsonNode kept = await gateway.GetAsync($"/v1/chat/completions/{id}");
        Assert.Equal(Tools, kept["tools"]!.ToJsonString());
        Assert.Equal("auto", kept["tool_choice"]!.GetValue<string>());
        Assert.Equal("call_1", kept["choices"]![0]!["message"]!["tool_calls"]![0]!["id"]!.GetValue<string>());
        Assert.Equal(
            $$"""[{"id":"{{id}}-0","role":"user","content":null,"content_parts":[{"type":"text","text":"Hi"}],"name":"joe"}]""",
            (await gateway.GetAsync($"/v1/chat/completions/{id}/messages"))["data"]!.ToJsonString());
    }

    private static string[] Ids(JsonNode list) => [.. list["data"]!.AsArray().Select(static kept => kept!["id"]!.GetValue<string>())];
}
