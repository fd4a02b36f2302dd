using System.Linq;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi.Requests;

public sealed class ToolParserTests
{
    private const string Tools =
        """[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"function","function":{"name":"g"}}]""";

    [Theory]
    [InlineData("null", "")]
    [InlineData("\"auto\"", "auto")]
    [InlineData("\"none\"", "none")]
    [InlineData("\"required\"", "required")]
    [InlineData("{\"type\":\"function\",\"function\":{\"name\":\"g\"}}", "{\"type\":\"function\",\"function\":{\"name\":\"g\"}}")]
    public void Tools_and_choice_reach_the_request_as_written(string choice, string expected)
    {
        GenerateRequest generate = Parsing.Accept(GatewayHarness.ChatBody($"\"tool_choice\":{choice},\"tools\":{Tools}")).Generate;
        Assert.Equal(Tools, generate.ToolsJson);
        Assert.Equal(expected, generate.ToolChoice);
    }

    [Theory]
    [InlineData("{}", "tools", "invalid_type")]
    [InlineData("[1]", "tools[0]", "invalid_type")]
    [InlineData("[{}]", "tools[0].type", "missing_required_parameter")]
    [InlineData("[{\"type\":1}]", "tools[0].type", "invalid_type")]
    [InlineData("[{\"type\":\"custom\",\"custom\":{}}]", "tools[0].type", "unsupported_value")]
    [InlineData("[{\"type\":\"function\"}]", "tools[0].function", "missing_required_parameter")]
    [InlineData("[{\"type\":\"function\",\"function\":{\"name\":\"f\"},\"x\":1}]", "tools[0].x", "unknown_parameter")]
    [InlineData("[{\"type\":\"function\",\"function\":1}]", "tools[0].function", "invalid_type")]
    [InlineData("[{\"type\":\"function\",\"function\":{}}]", "tools[0].function.name", "missing_required_parameter")]
    [InlineData("[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]", "tools[0].function.name", "invalid_value")]
    [InlineData("[{\"type\":\"function\",\"function\":{\"name\":\"\"}}]", "tools[0].function.name", "empty_string")]
    [InlineData("[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"x\":1}}]", "tools[0].function.x", "unknown_parameter")]
    [InlineData("[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":1}}]", "tools[0].function.description", "invalid_type")]
    [InlineData("[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":1}}]", "tools[0].function.strict", "invalid_type")]
    [InlineData("[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":[]}}]", "tools[0].function.parameters", "invalid_function_parameters")]
    [InlineData("[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "tools[1].function.name", "invalid_value")]
    public void A_tool_at_fault_is_named_by_its_path(string tools, string param, string code)
    {
        ApiError error = Parsing.Reject(GatewayHarness.ChatBody($"\"tools\":{tools}"));
        Assert.Equal((400, param, code), (error.Status, error.Param, error.Code));
    }

    [Theory]
    [InlineData("{\"type\":\"function\",\"function\":{\"name\":\"h\"}}", "tool_choice.function.name")]
    [InlineData("{\"type\":\"function\",\"function\":{}}", "tool_choice.function.name")]
    [InlineData("{\"type\":\"function\",\"function\":{\"name\":\"f\",\"x\":1}}", "tool_choice.function.x")]
    [InlineData("{\"type\":\"function\"}", "tool_choice.function")]
    [InlineData("{\"type\":\"allowed_tools\"}", "tool_choice.allowed_tools")]
    [InlineData("{\"type\":\"allowed_tools\",\"allowed_tools\":{}}", "tool_choice.allowed_tools.mode")]
    [InlineData("{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"none\"}}", "tool_choice.allowed_tools.mode")]
    [InlineData("{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\",\"tools\":[]}}", "tool_choice.allowed_tools.tools")]
    [InlineData("{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"h\"}}]}}", "tool_choice.allowed_tools.tools[0].function.name")]
    [InlineData("{}", "tool_choice.type")]
    [InlineData("true", "tool_choice")]
    public void A_choice_at_fault_is_named_by_its_path(string choice, string param) =>
        Assert.Equal(param, Parsing.Reject(GatewayHarness.ChatBody($"\"tool_choice\":{choice},\"tools\":{Tools}")).Param);

    [Theory]
    [InlineData("auto")]
    [InlineData("required")]
    public void Allowed_tools_are_the_ones_that_are_left(string mode)
    {
        GenerateRequest generate = Parsing.Accept(GatewayHarness.ChatBody(
            $$$"""
            "tools":{{{Tools}}},"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"{{{mode}}}","tools":[{"type":"function","function":{"name":"g"}}]}}
            """)).Generate;
        Assert.Equal("""[{"type":"function","function":{"name":"g"}}]""", generate.ToolsJson);
        Assert.Equal(mode, generate.ToolChoice);
    }

    [Fact]
    public void A_named_choice_needs_tools() =>
        Assert.Equal(
            "invalid_parameter_combination",
            Parsing.Reject(GatewayHarness.ChatBody("""  "tool_choice":{"type":"function","function":{"name":"f"}} """)).Code);

    [Fact]
    public void There_are_most_tools_and_longest_names()
    {
        string Many(int count) => GatewayHarness.ChatBody(
            "\"tools\":[" + string.Join(',', Enumerable.Range(0, count).Select(i => Tool($"f{i}"))) + "]");
        string Named(int length) => GatewayHarness.ChatBody($"\"tools\":[{Tool(new string('f', length))}]");
        Parsing.Accept(Many(ToolParser.ToolsMax - 1));
        Parsing.Accept(Many(ToolParser.ToolsMax));
        Assert.Equal("array_above_max_length", Parsing.Reject(Many(ToolParser.ToolsMax + 1)).Code);
        Parsing.Accept(Named(ToolParser.FunctionNameCharsMax - 1));
        Parsing.Accept(Named(ToolParser.FunctionNameCharsMax));
        Assert.Equal("string_above_max_length", Parsing.Reject(Named(ToolParser.FunctionNameCharsMax + 1)).Code);
    }

    private static string Tool(string name) => $$$"""{"type":"function","function":{"name":"{{{name}}}"}}""";
}
