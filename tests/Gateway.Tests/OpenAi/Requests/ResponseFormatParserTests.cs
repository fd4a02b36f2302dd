using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi.Requests;

public sealed class ResponseFormatParserTests
{
    [Theory]
    [InlineData("{\"type\":\"text\"}", "")]
    [InlineData("{\"type\":\"json_object\"}", "{\"type\":\"object\"}")]
    [InlineData("{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"array\"},\"strict\":null}}", "{\"type\":\"array\"}")]
    [InlineData("{\"type\":\"json_schema\",\"json_schema\":{\"description\":\"d\",\"name\":\"n\",\"schema\":{},\"strict\":true}}", "{}")]
    public void A_format_becomes_the_schema_of_the_output(string format, string schema) =>
        Assert.Equal(schema, Parsing.Accept(GatewayHarness.ChatBody($"\"response_format\":{format}")).Generate.ResponseSchemaJson);

    [Theory]
    [InlineData("\"json\"", "response_format", "invalid_type")]
    [InlineData("{}", "response_format.type", "missing_required_parameter")]
    [InlineData("{\"type\":1}", "response_format.type", "invalid_type")]
    [InlineData("{\"type\":\"grammar\"}", "response_format.type", "invalid_value")]
    [InlineData("{\"type\":\"json_object\",\"schema\":{}}", "response_format.schema", "unknown_parameter")]
    [InlineData("{\"type\":\"json_schema\"}", "response_format.json_schema", "missing_required_parameter")]
    [InlineData("{\"type\":\"json_schema\",\"json_schema\":1}", "response_format.json_schema", "invalid_type")]
    [InlineData("{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{}}}", "response_format.json_schema.name", "missing_required_parameter")]
    [InlineData("{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a b\",\"schema\":{}}}", "response_format.json_schema.name", "invalid_value")]
    [InlineData("{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\"}}", "response_format.json_schema.schema", "missing_required_parameter")]
    [InlineData("{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":true}}", "response_format.json_schema.schema", "invalid_type")]
    [InlineData("{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{},\"strict\":1}}", "response_format.json_schema.strict", "invalid_type")]
    [InlineData("{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{},\"x\":1}}", "response_format.json_schema.x", "unknown_parameter")]
    public void A_format_at_fault_is_named_by_its_path(string format, string param, string code)
    {
        ApiError error = Parsing.Reject(GatewayHarness.ChatBody($"\"response_format\":{format}"));
        Assert.Equal((400, param, code), (error.Status, error.Param, error.Code));
    }

    [Fact]
    public void A_schema_has_a_longest_name()
    {
        string Named(int length) => GatewayHarness.ChatBody(
            $$$"""  "response_format":{"json_schema":{"schema":{},"name":"{{{new string('n', length)}}}" },"type":"json_schema"} """);
        Parsing.Accept(Named(ResponseFormatParser.SchemaNameCharsMax - 1));
        Parsing.Accept(Named(ResponseFormatParser.SchemaNameCharsMax));
        Assert.Equal("string_above_max_length", Parsing.Reject(Named(ResponseFormatParser.SchemaNameCharsMax + 1)).Code);
    }
}
