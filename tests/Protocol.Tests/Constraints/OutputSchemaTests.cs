using System.Linq;
using System.Text.Json;
using Darkbloom.Protocol.Constraints;
using Xunit;

namespace Darkbloom.Protocol.Tests.Constraints;

public sealed class OutputSchemaTests
{
    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"type":"object"}""")]
    [InlineData("""{"type":"object","properties":{"a b":{"type":"string"}},"required":["a b"],"additionalProperties":false}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":["string","null"],"description":"d"}},"additionalProperties":{"type":"integer"}}""")]
    [InlineData("""{"properties":{"a":{"const":null}}}""")]
    [InlineData("""{"type":"array","items":{"type":"integer","minimum":-3,"exclusiveMaximum":4},"minItems":1,"maxItems":3}""")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"string"},{"type":"number"}]}""")]
    [InlineData("""{"type":"string","minLength":1,"maxLength":9}""")]
    [InlineData("""{"type":"string","format":"date-time"}""")]
    [InlineData("""{"type":"string","pattern":"^(ab|c-d)?[A-Z_0-9]{2,5}x+$"}""")]
    [InlineData("""{"type":"string","pattern":"^\\(\\.\\$[a-z]*\\)$"}""")]
    [InlineData("""{"enum":[1,"a",null,[2],{"b":3}]}""")]
    [InlineData("""{"type":"string","enum":["a","b"],"title":"t","default":"a"}""")]
    [InlineData("""{"anyOf":[{"type":"string"},{"$ref":"#/$defs/n"}],"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}}}}}""")]
    [InlineData("""{"oneOf":[{"type":"string"},{"type":"integer"},{"type":"object","properties":{}}]}""")]
    [InlineData("""{"oneOf":[{"type":"object","properties":{"k":{"const":"a"}},"required":["k"]},{"type":"object","properties":{"k":{"enum":["b","c"]}},"required":["k"]}]}""")]
    public void What_a_grammar_obeys_is_accepted(string schema) => Assert.Null(Find(schema));

    [Theory]
    [InlineData("""{"title":"t"}""", "")]
    [InlineData("""{"type":"thing"}""", "type")]
    [InlineData("""{"type":[]}""", "type")]
    [InlineData("""{"type":"object","minProperties":1}""", "minProperties")]
    [InlineData("""{"type":"object","patternProperties":{}}""", "patternProperties")]
    [InlineData("""{"type":"object","properties":{"a":true}}""", "properties.a")]
    [InlineData("""{"type":"object","properties":{"a":{"not":{}}}}""", "properties.a")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string","not":{}}}}""", "properties.a.not")]
    [InlineData("""{"type":"object","properties":{},"required":["a"]}""", "required")]
    [InlineData("""{"type":"object","required":["a"]}""", "required")]
    [InlineData("""{"type":"object","properties":{"a-b":{"type":"string"}},"additionalProperties":true}""", "additionalProperties")]
    [InlineData("""{"type":"array","minItems":1}""", "")]
    [InlineData("""{"type":"array","items":{"type":"string"},"uniqueItems":true}""", "uniqueItems")]
    [InlineData("""{"type":"array","items":{"type":"string"},"minItems":3,"maxItems":2}""", "maxItems")]
    [InlineData("""{"type":"array","items":false,"prefixItems":[{"type":"string"}]}""", "prefixItems")]
    [InlineData("""{"type":"number","minimum":1}""", "minimum")]
    [InlineData("""{"type":"integer","multipleOf":2}""", "multipleOf")]
    [InlineData("""{"type":"integer","minimum":1.5}""", "minimum")]
    [InlineData("""{"type":"integer","exclusiveMinimum":1,"maximum":1}""", "")]
    [InlineData("""{"type":"string","format":"email"}""", "format")]
    [InlineData("""{"type":"string","pattern":"^a$","minLength":1}""", "pattern")]
    [InlineData("""{"type":"string","enum":["a"],"minLength":3}""", "minLength")]
    [InlineData("""{"type":"string","enum":["a",1]}""", "enum")]
    [InlineData("""{"enum":[]}""", "enum")]
    [InlineData("""{"type":"integer","const":1.5}""", "const")]
    [InlineData("""{"$ref":"#"}""", "$ref")]
    [InlineData("""{"$ref":"#/$defs/x"}""", "$ref")]
    [InlineData("""{"$ref":"https://example.com/x"}""", "$ref")]
    [InlineData("""{"$ref":"#/$defs/a","type":"string","$defs":{"a":{"type":"string"}}}""", "type")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}""", "$ref")]
    [InlineData("""{"type":"object","$defs":{"a":{"type":"string","if":{}}}}""", "$defs.a.if")]
    [InlineData("""{"anyOf":[{"type":"string"}],"type":"string"}""", "type")]
    [InlineData("""{"anyOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"}]}}}""", "anyOf[0]")]
    [InlineData("""{"allOf":[{"type":"string"}]}""", "")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "oneOf[1]")]
    [InlineData("""{"oneOf":[{"type":"object","properties":{"k":{"const":"a"}}},{"type":"object","properties":{"k":{"const":"b"}}}]}""", "oneOf[1]")]
    public void What_would_be_ignored_is_refused_with_its_path(string schema, string path) => Assert.Equal(path, Find(schema)?.Path);

    [Theory]
    [InlineData("^(a+)+$")]
    [InlineData("^(a*|b)*$")]
    [InlineData("^((a{1,2})b){3}$")]
    [InlineData("^a++$")]
    [InlineData("^a*?$")]
    [InlineData("^(?=a)b$")]
    [InlineData("^(?:a)$")]
    [InlineData("^.*$")]
    [InlineData("^[^a]$")]
    [InlineData("^[\"]$")]
    [InlineData("^[]$")]
    [InlineData("^[a$")]
    [InlineData("^\"$")]
    [InlineData("^\\d$")]
    [InlineData("^\\$")]
    [InlineData("^(a$")]
    [InlineData("^a)$")]
    [InlineData("^a{1001}$")]
    [InlineData("^a{2$")]
    [InlineData("^*$")]
    [InlineData("^é$")]
    [InlineData("abc")]
    [InlineData("")]
    public void A_pattern_that_a_grammar_cannot_follow_is_refused(string pattern) =>
        Assert.Equal("pattern", Find(JsonSerializer.Serialize(new { type = "string", pattern }))?.Path);

    [Fact]
    public void Parts_have_a_largest_number()
    {
        string Object(int properties) =>
            "{\"type\":\"object\",\"properties\":{" + string.Join(',', Enumerable.Range(0, properties).Select(i => $"\"p{i}\":{{\"type\":\"null\"}}")) + "}}";
        Assert.Null(Find(Object(OutputSchema.NodesMax - 2)));
        Assert.Null(Find(Object(OutputSchema.NodesMax - 1)));
        Assert.Equal($"properties.p{OutputSchema.NodesMax - 1}", Find(Object(OutputSchema.NodesMax))?.Path);
    }

    [Fact]
    public void Values_and_repetitions_have_a_largest_number()
    {
        string Enum(int values) => $$"""{"enum":[{{string.Join(',', Enumerable.Range(0, values))}}]}""";
        Assert.Null(Find(Enum(OutputSchema.EnumValuesMax)));
        Assert.Equal("enum", Find(Enum(OutputSchema.EnumValuesMax + 1))?.Path);
        Assert.Null(Find($$"""{"type":"string","maxLength":{{OutputSchema.RepetitionsMax}}}"""));
        Assert.Equal("maxLength", Find($$"""{"type":"string","maxLength":{{OutputSchema.RepetitionsMax + 1}}}""")?.Path);
    }

    private static SchemaFault? Find(string schema)
    {
        using JsonDocument document = JsonDocument.Parse(schema);
        return OutputSchema.FindFault(document.RootElement);
    }
}
