using System;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.Responses;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.Responses;

/// <summary>What a request for a response may hold, and how what it may not hold is named.</summary>
public sealed class ResponsesRequestTests
{
    [Theory]
    [InlineData("\"x\":1", "x")]
    [InlineData("\"n\":1", "n")]
    [InlineData("\"store\":1", "store")]
    [InlineData("\"input\":1", "input")]
    [InlineData("\"input\":[]", "input")]
    [InlineData("\"input\":[1]", "input[0]")]
    [InlineData("\"input\":[{\"type\":1}]", "input[0].type")]
    [InlineData("\"input\":[{\"type\":\"x\"}]", "input[0].type")]
    [InlineData("\"input\":[{\"content\":\"x\"}]", "input[0].role")]
    [InlineData("\"input\":[{\"role\":\"x\",\"content\":\"x\"}]", "input[0].role")]
    [InlineData("\"input\":[{\"role\":\"user\"}]", "input[0].content")]
    [InlineData("\"input\":[{\"role\":\"user\",\"content\":\"x\",\"y\":1}]", "input[0].y")]
    [InlineData("\"input\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]", "input[0].content[0].type")]
    [InlineData("\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}]", "input[0].content[0].type")]
    [InlineData("\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\"}]}]", "input[0].content[0].text")]
    [InlineData("\"input\":[{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\"}]", "input[0].call_id")]
    [InlineData("\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"arguments\":\"{}\"}]", "input[0].name")]
    [InlineData("\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\"}]", "input[0].arguments")]
    [InlineData("\"input\":[{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"x\"}]", "input[0].call_id")]
    [InlineData("\"input\":[{\"type\":\"function_call_output\",\"call_id\":\"c\"}]", "input[0].output")]
    [InlineData("\"input\":[{\"type\":\"item_reference\"}]", "input[0].id")]
    [InlineData("\"instructions\":1", "instructions")]
    [InlineData("\"previous_response_id\":\"\"", "previous_response_id")]
    [InlineData("\"max_output_tokens\":0", "max_output_tokens")]
    [InlineData("\"max_tool_calls\":\"x\"", "max_tool_calls")]
    [InlineData("\"top_logprobs\":21", "top_logprobs")]
    [InlineData("\"temperature\":3", "temperature")]
    [InlineData("\"truncation\":\"x\"", "truncation")]
    [InlineData("\"include\":[\"x\"]", "include[0]")]
    [InlineData("\"include\":{}", "include")]
    [InlineData("\"metadata\":[]", "metadata")]
    [InlineData("\"conversation\":\"c\"", "conversation")]
    [InlineData("\"prompt\":{\"id\":\"x\"}", "prompt")]
    [InlineData("\"text\":1", "text")]
    [InlineData("\"text\":{\"verbosity\":\"low\"}", "text.verbosity")]
    [InlineData("\"text\":{\"format\":{}}", "text.format.type")]
    [InlineData("\"text\":{\"format\":{\"type\":\"x\"}}", "text.format.type")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"x\"}}", "text.format.schema")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"x\",\"schema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"not\":{}}}}}}", "text.format.schema.properties.a.not")]
    [InlineData("\"reasoning\":{\"effort\":\"x\"}", "reasoning.effort")]
    [InlineData("\"reasoning\":{\"summary\":\"x\"}", "reasoning.summary")]
    [InlineData("\"reasoning\":{\"x\":1}", "reasoning.x")]
    [InlineData("\"tools\":1", "tools")]
    [InlineData("\"tools\":[1]", "tools[0]")]
    [InlineData("\"tools\":[{\"type\":\"web_search\"}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", "tools[0].name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"x\":1}]", "tools[0].x")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":1}]", "tools[0].parameters")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"name\":\"f\"},{\"type\":\"function\",\"name\":\"f\"}]", "tools[1].name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"strict\":true,\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"not\":{}}}}}]", "tools[0].parameters.properties.a.not")]
    [InlineData("\"tool_choice\":\"x\"", "tool_choice")]
    [InlineData("\"tool_choice\":{\"type\":\"x\"}", "tool_choice.type")]
    [InlineData("\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"}", "tool_choice")]
    [InlineData("\"stream\":true,\"background\":true", "stream")]
    [InlineData("\"store\":false,\"background\":true", "background")]
    public async Task A_wrong_field_is_named(string field, string param)
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(new ScriptedInference());
        string input = field.Contains("\"input\"", StringComparison.Ordinal) ? "" : "\"input\":\"Hi\",";
        JsonNode error = await gateway.CreateAsync(input + field, 400);
        Assert.Equal(param, error["error"]!["param"]!.GetValue<string>());
        Assert.Equal("invalid_request_error", error["error"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_the_model_cannot_do_is_named_as_a_response_has_it()
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(new ScriptedInference());
        using HttpResponseMessage response = await gateway.PostAsync(
            """{"model":"plain","input":"Hi","reasoning":{"effort":"low"}}""", ResponseHarness.Path);
        Assert.Equal("reasoning.effort", (await GatewayHarness.ReadAsync(response))["error"]!["param"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("\"function\",\"name\":\"f\"", """{"type":"function","function":{"name":"f"}}""", 2)]
    [InlineData("\"allowed_tools\",\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"name\":\"g\"}]", "required", 1)]
    public async Task A_choice_reaches_the_node_in_its_own_form(string choice, string expected, int tools)
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("x"), Say.Stop(), Say.End());
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(inference);
        await gateway.CreateAsync($$$"""
            "input":"Hi","tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"}},{"type":"function","name":"g"}],"tool_choice":{"type":{{{choice}}}}
            """);
        GenerateRequest asked = await inference.Called;
        Assert.Equal(expected, asked.ToolChoice);
        Assert.Equal(tools, JsonNode.Parse(asked.ToolsJson)!.AsArray().Count);
    }

    [Theory]
    [InlineData(InputItems.ItemsMax - 1, 200)]
    [InlineData(InputItems.ItemsMax, 200)]
    [InlineData(InputItems.ItemsMax + 1, 400)]
    public async Task As_many_items_as_the_limit_allows(int count, int status)
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(new ScriptedInference().Answers(Say.Text("x"), Say.Stop(), Say.End()));
        string items = string.Join(',', Enumerable.Repeat("""{"role":"user","content":"x"}""", count));
        await gateway.CreateAsync($"\"input\":[{items}]", status);
    }

    [Theory]
    [InlineData(ResponsesRequestParser.IncludesMax - 1, 200)]
    [InlineData(ResponsesRequestParser.IncludesMax, 200)]
    [InlineData(ResponsesRequestParser.IncludesMax + 1, 400)]
    public async Task As_many_includes_as_the_limit_allows(int count, int status)
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(new ScriptedInference().Answers(Say.Text("x"), Say.Stop(), Say.End()));
        string names = string.Join(',', Enumerable.Repeat("\"reasoning.encrypted_content\"", count));
        await gateway.CreateAsync($"\"input\":\"x\",\"include\":[{names}]", status);
    }

    [Theory]
    [InlineData(ToolParser.ToolsMax - 1, 200)]
    [InlineData(ToolParser.ToolsMax, 200)]
    [InlineData(ToolParser.ToolsMax + 1, 400)]
    public async Task As_many_tools_as_the_limit_allows(int count, int status)
    {
        await using GatewayHarness gateway = await ResponseHarness.StartAsync(new ScriptedInference().Answers(Say.Text("x"), Say.Stop(), Say.End()));
        string tools = string.Join(',', Enumerable.Range(0, count).Select(static index => $$"""{"type":"function","name":"f{{index}}"}"""));
        await gateway.CreateAsync($"\"input\":\"x\",\"tools\":[{tools}]", status);
    }
}
