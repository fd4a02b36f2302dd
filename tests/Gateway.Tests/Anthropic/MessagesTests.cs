using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Conformance.Exchanges;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.Anthropic;

/// <summary>Anthropic's messages on the wire.</summary>
public sealed class MessagesTests
{
    private const string Path = "/v1/messages";

    private const string Ask = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

    private const string Tools = """
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{}}},{"type":"custom","name":"g","input_schema":{"type":"object"}}]
        """;

    [Fact]
    public async Task A_message_has_blocks_a_reason_and_counts()
    {
        ScriptedInference inference = new ScriptedInference().Answers(
            Say.Thought("Hm."), Say.Text("So"), Say.Call(0, "call_1", "f", "{\"a\":"), Say.Call(0, "", "", "1}"), Say.Stop(reason: FinishReason.ToolCalls), Say.End());
        JsonNode message = await PostAsync(inference, $"\"messages\":[{{\"role\":\"user\",\"content\":\"Hi\"}}],{Tools}");
        Assert.Equal(
            """[{"type":"thinking","thinking":"Hm.","signature":""},{"type":"text","text":"So","citations":null},{"type":"tool_use","id":"call_1","name":"f","input":{"a":1}}]""",
            message["content"]!.ToJsonString());
        Assert.Equal(("message", "assistant", "tool_use"), (Text(message["type"]), Text(message["role"]), Text(message["stop_reason"])));
        Assert.Equal((5, 2, 3), (Number(message, "input_tokens"), Number(message, "cache_read_input_tokens"), Number(message, "output_tokens")));
    }

    [Theory]
    [InlineData(FinishReason.Stop, "end_turn")]
    [InlineData(FinishReason.Length, "max_tokens")]
    public async Task The_reason_of_the_end_has_anthropics_name(FinishReason reason, string expected) => Assert.Equal(
        expected,
        Text((await PostAsync(new ScriptedInference().Answers(Say.Text("x"), Say.Stop(reason: reason), Say.End()), Ask))["stop_reason"]));

    [Fact]
    public async Task Events_come_in_the_order_that_clients_rely_on()
    {
        ScriptedInference inference = new ScriptedInference().Answers(
            Say.Prefill(7, 7), Say.Thought("Hm."), Say.Text("Hel"), Say.Text("lo"), Say.Call(0, "call_1", "f", "{}"), Say.Stop(reason: FinishReason.ToolCalls), Say.End());
        List<StreamedEvent> events = await StreamAsync(inference);
        Assert.Equal(
            [
                "message_start",
                "content_block_start", "content_block_delta", "content_block_stop",
                "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop",
                "content_block_start", "content_block_delta", "content_block_stop",
                "message_delta", "message_stop",
            ],
            events.Select(static one => one.Kind));
        Assert.Equal(7, JsonNode.Parse(events[0].Data)!["message"]!["usage"]!["input_tokens"]!.GetValue<int>());
        Assert.Equal(["thinking_delta", "text_delta", "text_delta", "input_json_delta"],
            events.Where(static one => one.Kind == "content_block_delta").Select(static one => Text(JsonNode.Parse(one.Data)!["delta"]!["type"])));
        Assert.Equal([0, 1, 2], events.Where(static one => one.Kind == "content_block_start").Select(static one => JsonNode.Parse(one.Data)!["index"]!.GetValue<int>()));
        Assert.Equal("tool_use", Text(JsonNode.Parse(events[^2].Data)!["delta"]!["stop_reason"]));
    }

    [Fact]
    public async Task A_failure_in_the_middle_is_an_event_in_anthropics_words()
    {
        StreamedEvent last = (await StreamAsync(new ScriptedInference().Answers(Say.Text("x"), Say.Fault(InferenceFault.EngineFailed))))[^1];
        Assert.Equal(("error", "api_error"), (last.Kind, Text(JsonNode.Parse(last.Data)!["error"]!["type"])));
    }

    [Fact]
    public async Task A_conversation_reaches_the_node_in_its_own_form()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("x"), Say.Stop(), Say.End());
        await PostAsync(inference, $$$"""
            "system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"stop_sequences":["."],"temperature":0.5,"top_k":3,
            "tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},{{{Tools}}},"messages":[
            {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
            {"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"y"},{"type":"text","text":"c"},{"type":"tool_use","id":"t1","name":"f","input":{"k":1}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"42"}]},{"type":"text","text":"d"}]}]
            """);
        GenerateRequest asked = await inference.Called;
        Assert.Equal(
            [("system", "Be brief."), ("user", "a\nb"), ("assistant", "c"), ("tool", "42"), ("user", "d")],
            asked.Messages.Select(static message => (message.Role, message.Content)));
        Assert.Equal("""[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"k\":1}"}}]""", asked.Messages[2].ToolCallsJson);
        Assert.Equal("""{"type":"function","function":{"name":"f"}}""", asked.ToolChoice);
        Assert.Equal("""{"type":"object","properties":{}}""", JsonNode.Parse(asked.ToolsJson)![0]!["function"]!["parameters"]!.ToJsonString());
        Assert.Equal((false, 0.5f, 3, 9u, "."), (asked.ParallelToolCalls, asked.Sampling.Temperature, asked.Sampling.TopK, asked.OutputTokensMax, asked.Stop[0]));
    }

    [Fact]
    public async Task The_assistants_last_words_are_continued()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("x"), Say.Stop(), Say.End());
        await PostAsync(inference, "\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"}]");
        Assert.True((await inference.Called).ContinuesFinalMessage);
    }

    [Fact]
    public async Task A_prompt_is_counted_without_an_answer()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("x"), Say.Stop(), Say.End(prompt: 12));
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.PostAsync("""{"model":"acme/tiny","messages":[{"role":"user","content":"a"}]}""", $"{Path}/count_tokens");
        Assert.Equal("""{"input_tokens":12}""", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("\"x\":1", "x")]
    [InlineData("\"messages\":1", "messages")]
    [InlineData("\"messages\":[]", "messages")]
    [InlineData("\"messages\":[{\"content\":\"x\"}]", "messages[0].role")]
    [InlineData("\"messages\":[{\"role\":\"x\",\"content\":\"x\"}]", "messages[0].role")]
    [InlineData("\"messages\":[{\"role\":\"user\"}]", "messages[0].content")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":1}]", "messages[0].content")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":[{}]}]", "messages[0].content[0].type")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}]", "messages[0].content[0].type")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]", "messages[0].content[0].text")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_use\"}]}]", "messages[0].content[0].type")]
    [InlineData("\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\"}]}]", "messages[0].content[0].input")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t\"}]}]", "messages[0].content[0].tool_use_id")]
    [InlineData("\"system\":1", "system")]
    [InlineData("\"temperature\":1.5", "temperature")]
    [InlineData("\"stop_sequences\":[1]", "stop_sequences[0]")]
    [InlineData("\"stop_sequences\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "stop_sequences")]
    [InlineData("\"tools\":[{\"name\":\"f\"}]", "tools[0].input_schema")]
    [InlineData("\"tools\":[{\"type\":\"bash_20250124\",\"name\":\"bash\"}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"name\":\"f g\",\"input_schema\":{}}]", "tools[0].name")]
    [InlineData("\"tool_choice\":{\"type\":\"any\"}", "tool_choice")]
    [InlineData("\"thinking\":{\"type\":\"x\"}", "thinking.type")]
    [InlineData("\"output_config\":{\"effort\":\"x\"}", "output_config.effort")]
    [InlineData("\"output_config\":{\"format\":{\"type\":\"x\"}}", "output_config.format.type")]
    [InlineData("\"metadata\":{\"x\":1}", "metadata.x")]
    [InlineData("\"mcp_servers\":[]", "mcp_servers")]
    public async Task A_wrong_field_is_named(string field, string param)
    {
        string messages = field.Contains("\"messages\"", System.StringComparison.Ordinal) ? "" : $"{Ask},";
        JsonNode error = await PostAsync(new ScriptedInference(), messages + field, 400);
        Assert.Equal(("error", "invalid_request_error"), (Text(error["type"]), Text(error["error"]!["type"])));
        Assert.Contains(param, Text(error["error"]!["message"]), System.StringComparison.Ordinal);
    }

    [Fact]
    public async Task How_long_an_answer_may_be_must_be_said()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using HttpResponseMessage response = await gateway.PostAsync($"{{\"model\":\"acme/tiny\",{Ask}}}", Path);
        Assert.Contains("max_tokens", await response.Content.ReadAsStringAsync(), System.StringComparison.Ordinal);
        Assert.Equal(400, (int)response.StatusCode);
    }

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    private static int Number(JsonNode message, string count) => message["usage"]![count]!.GetValue<int>();

    private static async Task<JsonNode> PostAsync(ScriptedInference inference, string more, int status = 200)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.PostAsync($$"""{"model":"acme/tiny","max_tokens":9,{{more}} }""", Path);
        JsonNode body = await GatewayHarness.ReadAsync(response);
        Assert.True((int)response.StatusCode == status, body.ToJsonString());
        return body;
    }

    private static async Task<List<StreamedEvent>> StreamAsync(ScriptedInference inference)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.PostAsync($$"""{"model":"acme/tiny","max_tokens":9,"stream":true,{{Ask}} }""", Path);
        return StreamedEvent.ReadAll(await response.Content.ReadAsStringAsync());
    }
}
