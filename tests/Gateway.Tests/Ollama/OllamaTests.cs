using System;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.Ollama;

/// <summary>Ollama's interface on the wire.</summary>
public sealed class OllamaTests
{
    private const string Ask = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

    private static ScriptedInference Hello => new ScriptedInference().Answers(
        Say.Thought("Hm."), Say.Text("Hel"), Say.Text("lo"), Say.Call(0, "call_1", "f", "{\"a\":1}"), Say.Stop(reason: FinishReason.ToolCalls), Say.End());

    [Fact]
    public async Task A_chat_streams_lines_unless_told_otherwise()
    {
        JsonNode[] lines = await LinesAsync(Hello, "/api/chat", $"{Ask},\"tools\":[{{\"type\":\"function\",\"function\":{{\"name\":\"f\"}}}}]");
        Assert.All(lines[..^1], static line => Assert.False(line["done"]!.GetValue<bool>()));
        Assert.Equal("Hello", string.Concat(lines.Select(static line => line["message"]!["content"]!.GetValue<string>())));
        Assert.Equal("Hm.", lines[0]["message"]!["thinking"]!.GetValue<string>());
        Assert.Equal("""{"name":"f","arguments":{"a":1}}""", lines[^2]["message"]!["tool_calls"]![0]!["function"]!.ToJsonString());
        JsonNode last = lines[^1];
        Assert.Equal((true, "stop", 7, 3), (last["done"]!.GetValue<bool>(), last["done_reason"]!.GetValue<string>(), last["prompt_eval_count"]!.GetValue<int>(), last["eval_count"]!.GetValue<int>()));
        Assert.All(["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"], key => Assert.True(last[key]!.GetValue<long>() >= 0));
    }

    [Fact]
    public async Task A_chat_may_be_one_object()
    {
        JsonNode whole = (await LinesAsync(Hello, "/api/chat", $"{Ask},\"stream\":false")).Single();
        Assert.Equal(("acme/tiny", "Hello", "Hm."), (whole["model"]!.GetValue<string>(), whole["message"]!["content"]!.GetValue<string>(), whole["message"]!["thinking"]!.GetValue<string>()));
        Assert.True(whole["done"]!.GetValue<bool>());
        Assert.Equal(DateTimeKind.Utc, DateTimeOffset.Parse(whole["created_at"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture).UtcDateTime.Kind);
    }

    [Fact]
    public async Task A_prompt_is_a_chat_of_one_turn_and_a_raw_one_is_not()
    {
        ScriptedInference inference = Hello;
        JsonNode[] lines = await LinesAsync(inference, "/api/generate", "\"prompt\":\"Hi\",\"system\":\"Be brief.\",\"format\":\"json\",\"think\":true");
        Assert.Equal("Hello", string.Concat(lines.Select(static line => line["response"]!.GetValue<string>())));
        GenerateRequest asked = await inference.Called;
        Assert.Equal([("system", "Be brief."), ("user", "Hi")], asked.Messages.Select(static message => (message.Role, message.Content)));
        Assert.Equal(("""{"type":"object"}""", "medium"), (asked.ResponseSchemaJson, asked.ReasoningEffort));

        ScriptedInference raw = Hello;
        await LinesAsync(raw, "/api/generate", "\"prompt\":\"Hi\",\"suffix\":\"!\",\"raw\":true");
        Assert.Equal(("Hi", "!"), ((await raw.Called).Completion.Prompt.Text, (await raw.Called).Completion.Suffix));
    }

    [Theory]
    [InlineData("/api/generate", "\"prompt\":\"\"")]
    [InlineData("/api/chat", "\"messages\":[]")]
    public async Task Nothing_to_say_loads_the_model(string path, string body) =>
        Assert.Equal("load", (await LinesAsync(new ScriptedInference(), path, body)).Single()["done_reason"]!.GetValue<string>());

    [Fact]
    public async Task Options_reach_the_node_and_the_rest_is_as_ollama_has_it()
    {
        ScriptedInference inference = Hello;
        await LinesAsync(inference, "/api/chat", $"{Ask},\"keep_alive\":\"5m\",\"options\":{{\"temperature\":0,\"num_predict\":5,\"seed\":3,\"stop\":[\"x\"],\"num_ctx\":4096,\"top_p\":0}}");
        GenerateRequest asked = await inference.Called;
        Assert.Equal((0f, 5u, 3ul, "x"), (asked.Sampling.Temperature, asked.OutputTokensMax, asked.Sampling.Seed, asked.Stop[0]));
        Assert.Equal((1f, 40, 1.1f), (asked.Sampling.TopP, asked.Sampling.TopK, asked.Sampling.RepetitionPenalty));
    }

    [Fact]
    public async Task Results_find_the_calls_that_they_answer()
    {
        ScriptedInference inference = Hello;
        await LinesAsync(inference, "/api/chat", """
            "messages":[{"role":"user","content":"a"},
            {"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"k":1}}},{"function":{"name":"g","arguments":{}}}]},
            {"role":"tool","tool_name":"g","content":"2"},{"role":"tool","content":"1"}]
            """);
        GenerateRequest asked = await inference.Called;
        Assert.Equal([("call_1", "2"), ("call_0", "1")], asked.Messages.Skip(2).Select(static message => (message.ToolCallId, message.Content)));
    }

    [Theory]
    [InlineData("/api/chat", "\"x\":1", "x")]
    [InlineData("/api/chat", "\"messages\":1", "messages")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"x\"}]", "messages[0].role")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"user\",\"content\":1}]", "messages[0].content")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"images\":[\"x\"]}]", "messages[0].images")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]", "messages[0]")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}]", "messages[0].tool_calls[0].function.arguments")]
    [InlineData("/api/chat", "\"stream\":1", "stream")]
    [InlineData("/api/chat", "\"format\":\"x\"", "format")]
    [InlineData("/api/chat", "\"format\":{\"type\":\"string\",\"not\":{}}", "format")]
    [InlineData("/api/chat", "\"think\":\"x\"", "think")]
    [InlineData("/api/chat", "\"keep_alive\":{}", "keep_alive")]
    [InlineData("/api/chat", "\"options\":1", "options")]
    [InlineData("/api/chat", "\"options\":{\"temperature\":\"x\"}", "options.temperature")]
    [InlineData("/api/chat", "\"options\":{\"mirostat\":1}", "options.mirostat")]
    [InlineData("/api/chat", "\"options\":{\"wat\":1}", "wat")]
    [InlineData("/api/chat", "\"tools\":[{\"type\":\"function\"}]", "tools[0].function")]
    [InlineData("/api/generate", "\"prompt\":1", "prompt")]
    [InlineData("/api/generate", "\"prompt\":\"x\",\"context\":[1]", "context")]
    [InlineData("/api/generate", "\"prompt\":\"x\",\"template\":\"x\"", "template")]
    [InlineData("/api/embed", "\"input\":1", "input")]
    [InlineData("/api/embed", "\"input\":[]", "input")]
    [InlineData("/api/embed", "\"truncate\":true", "input")]
    [InlineData("/api/embeddings", "\"input\":\"x\"", "input")]
    public async Task A_wrong_field_is_named(string path, string body, string param)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using HttpResponseMessage response = await gateway.PostAsync($$"""{"model":"acme/tiny",{{body}} }""", path);
        JsonNode error = await GatewayHarness.ReadAsync(response);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains(param, error["error"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vectors_have_two_forms()
    {
        JsonNode many = (await LinesAsync(new ScriptedInference().Answers(Say.Vector(0, 1, 0), Say.Vector(1, 0, 1), Say.Stop(), Say.End()), "/api/embed", "\"input\":[\"a\",\"b\"]")).Single();
        Assert.Equal("[[1,0],[0,1]]", many["embeddings"]!.ToJsonString());
        Assert.Equal(7, many["prompt_eval_count"]!.GetValue<int>());
        JsonNode one = (await LinesAsync(new ScriptedInference().Answers(Say.Vector(0, 1, 0), Say.Stop(), Say.End()), "/api/embeddings", "\"prompt\":\"a\"")).Single();
        Assert.Equal("""{"embedding":[1,0]}""", one.ToJsonString());
    }

    [Fact]
    public async Task Models_are_listed_shown_and_known_by_their_latest_tag()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Hello);
        JsonNode tags = JsonNode.Parse(await gateway.Client.GetStringAsync("/api/tags"))!;
        Assert.Equal(["acme/tiny", "plain"], tags["models"]!.AsArray().Select(static model => model!["name"]!.GetValue<string>()));
        Assert.Equal(64, tags["models"]![0]!["digest"]!.GetValue<string>().Length);
        JsonNode running = JsonNode.Parse(await gateway.Client.GetStringAsync("/api/ps"))!;
        Assert.Equal(4096, running["models"]![0]!["context_length"]!.GetValue<int>());
        Assert.Contains('.', JsonNode.Parse(await gateway.Client.GetStringAsync("/api/version"))!["version"]!.GetValue<string>());

        using HttpResponseMessage shown = await gateway.PostAsync("""{"model":"acme/tiny:latest"}""", "/api/show");
        JsonNode model = await GatewayHarness.ReadAsync(shown);
        Assert.Equal("""["completion","tools","insert","embedding","thinking"]""", model["capabilities"]!.ToJsonString());
        using HttpResponseMessage unknown = await gateway.PostAsync("""{"model":"nobody"}""", "/api/show");
        Assert.Equal(404, (int)unknown.StatusCode);
        using HttpResponseMessage chat = await gateway.PostAsync("""{"model":"nobody","messages":[{"role":"user","content":"x"}]}""", "/api/chat");
        Assert.Equal(404, (int)chat.StatusCode);
    }

    [Fact]
    public async Task A_failure_in_the_middle_is_a_line()
    {
        JsonNode[] lines = await LinesAsync(new ScriptedInference().Answers(Say.Text("x"), Say.Fault(InferenceFault.EngineFailed)), "/api/chat", Ask);
        Assert.Contains("engine", lines[^1]["error"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private static async Task<JsonNode[]> LinesAsync(ScriptedInference inference, string path, string more)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.PostAsync($$"""{"model":"acme/tiny",{{more}} }""", path);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return [.. body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonNode.Parse(line)!)];
    }
}
