using System.Linq;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi.Requests;

public sealed class MessageParserTests
{
    private const string Call = """{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}""";

    [Fact]
    public void Roles_and_contents_reach_the_request()
    {
        ChatMessage[] messages =
        [
            .. Parsing.Accept(Body($$"""
                {"role":"system","content":"s"},{"role":"developer","content":"d","name":"n"},
                {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
                {"role":"assistant","content":"said","refusal":null,"annotations":[],"audio":null,"function_call":null,"reasoning_content":"hm"},
                {"role":"assistant","tool_calls":[{{Call}}]},
                {"role":"tool","tool_call_id":"c1","content":"result"},
                {"role":"assistant","refusal":"no"},
                {"role":"assistant","content":[{"type":"refusal","refusal":"never"}]}
                """)).Generate.Messages,
        ];
        Assert.Equal(
            ["system", "system", "user", "assistant", "assistant", "tool", "assistant", "assistant"],
            messages.Select(m => m.Role));
        Assert.Equal(["s", "d", "a\nb", "said", "", "result", "no", "never"], messages.Select(m => m.Content));
        Assert.Equal("n", messages[1].Name);
        Assert.Equal($"[{Call}]", messages[4].ToolCallsJson);
        Assert.Equal("c1", messages[5].ToolCallId);
    }

    [Theory]
    [InlineData("5", "messages[0]", "invalid_type")]
    [InlineData("{}", "messages[0].role", "missing_required_parameter")]
    [InlineData("{\"role\":null}", "messages[0].role", "missing_required_parameter")]
    [InlineData("{\"role\":1,\"content\":\"x\"}", "messages[0].role", "invalid_type")]
    [InlineData("{\"role\":\"robot\",\"content\":\"x\"}", "messages[0].role", "invalid_value")]
    [InlineData("{\"role\":\"function\",\"name\":\"f\",\"content\":\"x\"}", "messages[0].role", "unsupported_value")]
    [InlineData("{\"role\":\"user\"}", "messages[0].content", "missing_required_parameter")]
    [InlineData("{\"role\":\"user\",\"content\":null}", "messages[0].content", "missing_required_parameter")]
    [InlineData("{\"role\":\"assistant\",\"content\":null}", "messages[0].content", "missing_required_parameter")]
    [InlineData("{\"role\":\"user\",\"content\":1}", "messages[0].content", "invalid_type")]
    [InlineData("{\"role\":\"user\",\"content\":[]}", "messages[0].content", "empty_array")]
    [InlineData("{\"role\":\"user\",\"content\":[\"x\"]}", "messages[0].content[0]", "invalid_type")]
    [InlineData("{\"role\":\"user\",\"content\":[{}]}", "messages[0].content[0].type", "missing_required_parameter")]
    [InlineData("{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}", "messages[0].content[0].text", "missing_required_parameter")]
    [InlineData("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":1}]}", "messages[0].content[0].text", "invalid_type")]
    [InlineData("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\",\"x\":1}]}", "messages[0].content[0].x", "unknown_parameter")]
    [InlineData("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image_url\",\"image_url\":{}}]}", "messages[0].content[1].type", "unsupported_value")]
    [InlineData("{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}", "messages[0].content[0].type", "unsupported_value")]
    [InlineData("{\"role\":\"user\",\"content\":[{\"type\":\"file\"}]}", "messages[0].content[0].type", "unsupported_value")]
    [InlineData("{\"role\":\"user\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"x\"}]}", "messages[0].content[0].type", "invalid_value")]
    [InlineData("{\"role\":\"user\",\"content\":\"x\",\"name\":\"\"}", "messages[0].name", "empty_string")]
    [InlineData("{\"role\":\"user\",\"content\":\"x\",\"tool_calls\":[]}", "messages[0].tool_calls", "unknown_parameter")]
    [InlineData("{\"role\":\"user\",\"content\":\"x\",\"weight\":1}", "messages[0].weight", "unknown_parameter")]
    [InlineData("{\"role\":\"assistant\",\"content\":\"x\",\"annotations\":[1]}", "messages[0].annotations", "unsupported_parameter")]
    [InlineData("{\"role\":\"assistant\",\"content\":\"x\",\"audio\":{}}", "messages[0].audio", "unsupported_parameter")]
    [InlineData("{\"role\":\"assistant\",\"content\":\"x\",\"function_call\":{}}", "messages[0].function_call", "unsupported_parameter")]
    [InlineData("{\"role\":\"assistant\",\"tool_calls\":5}", "messages[0].tool_calls", "invalid_type")]
    [InlineData("{\"role\":\"assistant\",\"tool_calls\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}", "messages[0].tool_calls[0].id", "missing_required_parameter")]
    [InlineData("{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}", "messages[0].tool_calls[0].function.arguments", "missing_required_parameter")]
    [InlineData("{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":{}}}]}", "messages[0].tool_calls[0].function.arguments", "invalid_type")]
    [InlineData("{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"type\":\"custom\",\"custom\":{}}]}", "messages[0].tool_calls[0].type", "unsupported_value")]
    [InlineData("{\"role\":\"tool\",\"content\":\"x\"}", "messages[0].tool_call_id", "missing_required_parameter")]
    [InlineData("{\"role\":\"tool\",\"content\":\"x\",\"tool_call_id\":\"c9\"}", "messages[0].tool_call_id", "invalid_value")]
    public void A_message_at_fault_is_named_by_its_path(string message, string param, string code)
    {
        ApiError error = Parsing.Reject(Body(message));
        Assert.Equal((400, param, code), (error.Status, error.Param, error.Code));
    }

    [Theory]
    [InlineData("\"hello\"", "invalid_type")]
    [InlineData("[]", "empty_array")]
    [InlineData("{}", "invalid_type")]
    public void Messages_are_an_array_of_at_least_one(string messages, string code) =>
        Assert.Equal(code, Parsing.Reject($$"""{"model":"m","messages":{{messages}}}""").Code);

    [Fact]
    public void The_second_message_is_named_as_such() =>
        Assert.Equal("messages[1].content", Parsing.Reject(Body("""{"role":"user","content":"a"},{"role":"user","content":{}}""")).Param);

    [Fact]
    public void There_are_most_messages_and_most_parts()
    {
        string Messages(int count) => Body(string.Join(',', Enumerable.Repeat("""{"role":"user","content":"x"}""", count)));
        string Parts(int count) => Body(
            "{\"role\":\"user\",\"content\":[" + string.Join(',', Enumerable.Repeat("""{"type":"text","text":"x"}""", count)) + "]}");
        Parsing.Accept(Messages(MessageParser.MessagesMax - 1));
        Parsing.Accept(Messages(MessageParser.MessagesMax));
        Assert.Equal("array_above_max_length", Parsing.Reject(Messages(MessageParser.MessagesMax + 1)).Code);
        Parsing.Accept(Parts(ContentParts.PartsMax - 1));
        Parsing.Accept(Parts(ContentParts.PartsMax));
        Assert.Equal("array_above_max_length", Parsing.Reject(Parts(ContentParts.PartsMax + 1)).Code);
    }

    [Fact]
    public void Names_and_call_ids_have_a_longest_length()
    {
        string Name(int length) => Body($$"""{"role":"user","content":"x","name":"{{new string('n', length)}}"}""");
        string CallId(int length) => Body(
            $$$"""{"role":"assistant","tool_calls":[{"id":"{{{new string('n', length)}}}","type":"function","function":{"name":"f","arguments":""}}]}""");
        Parsing.Accept(Name(MessageParser.NameCharsMax - 1));
        Parsing.Accept(Name(MessageParser.NameCharsMax));
        Assert.Equal("string_above_max_length", Parsing.Reject(Name(MessageParser.NameCharsMax + 1)).Code);
        Parsing.Accept(CallId(MessageParser.ToolCallIdCharsMax - 1));
        Parsing.Accept(CallId(MessageParser.ToolCallIdCharsMax));
        Assert.Equal("string_above_max_length", Parsing.Reject(CallId(MessageParser.ToolCallIdCharsMax + 1)).Code);
    }

    [Fact]
    public void A_turn_makes_a_limited_number_of_calls()
    {
        string Calls(int count) => Body("{\"role\":\"assistant\",\"tool_calls\":[" + string.Join(',', Enumerable.Repeat(Call, count)) + "]}");
        Parsing.Accept(Calls(ToolParser.CallsMax - 1));
        Parsing.Accept(Calls(ToolParser.CallsMax));
        Assert.Equal("array_above_max_length", Parsing.Reject(Calls(ToolParser.CallsMax + 1)).Code);
    }

    private static string Body(string messages) => $$"""{"model":"m","messages":[{{messages}}]}""";
}
