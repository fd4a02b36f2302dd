using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Darkbloom.Protocol.Constraints;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

/// <summary>Asks a model that knows no JSON for answers to schemas of every kind: the grammar alone makes them valid.</summary>
public sealed class SchemaAnswerTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private const int Schemas = 500;

    [Fact]
    public async Task An_answer_that_ends_by_itself_obeys_its_schema()
    {
        Random random = new(20);
        int finished = 0;
        for (int index = 0; index < Schemas; index++)
        {
            string schema = Any(random, depth: 0).ToJsonString();
            using JsonDocument document = JsonDocument.Parse(schema);
            Assert.Null(OutputSchema.FindFault(document.RootElement));
            GenerateRequest request = Ask.Request("Say it.", temperature: 1, seed: (ulong)index);
            request.ResponseSchemaJson = schema;
            request.Sampling.TopK = 8;
            Answer answer = await fixture.Engine.AskAsync(request);

            Assert.True(answer.End!.Fault == InferenceFault.None, $"{answer.End.Detail}: {schema}");
            if (answer.Reason == FinishReason.Stop)
            {
                finished++;
                using JsonDocument value = JsonDocument.Parse(answer.Text);
                Assert.True(Obeys(value.RootElement, document.RootElement), $"{answer.Text} breaks {schema}");
            }
        }

        Assert.True(finished > Schemas / 2, $"{finished} of {Schemas} answers ended by themselves");
    }

    private static JsonObject Any(Random random, int depth) => random.Next(depth < 2 ? 11 : 8) switch
    {
        0 => new() { ["type"] = "boolean" },
        1 => new() { ["type"] = new JsonArray("null", "integer") },
        2 => new() { ["type"] = "integer", ["minimum"] = random.Next(-50, 50), ["exclusiveMaximum"] = random.Next(51, 9999) },
        3 => new() { ["enum"] = new JsonArray(1, "two", null, new JsonArray(3), new JsonObject { ["a"] = "é\"\\" }) },
        4 => new() { ["const"] = $"k{random.Next(100)}" },
        5 => new() { ["type"] = "string", ["minLength"] = random.Next(3), ["maxLength"] = random.Next(3, 9) },
        6 => new() { ["type"] = "string", ["pattern"] = Pick(random, "^[a-c]{2,4}$", "^(ab|cd)-[0-9]$", "^x?y[0-9_]$", "^\\([A-Z]\\)$") },
        7 => new() { ["type"] = "string", ["format"] = Pick(random, "date", "time", "uuid", "date-time") },
        8 => new() { ["type"] = "array", ["items"] = Any(random, depth + 1), ["minItems"] = random.Next(2), ["maxItems"] = random.Next(2, 4) },
        9 => new() { ["anyOf"] = new JsonArray(Typed(random, depth + 1), Typed(random, depth + 1)) },
        _ => Typed(random, depth),
    };

    private static JsonObject Typed(Random random, int depth)
    {
        if (depth > 1)
        {
            return new() { ["type"] = Pick(random, "boolean", "null", "integer") };
        }

        JsonObject properties = [];
        JsonArray required = [];
        for (int index = random.Next(1, 4); index > 0; index--)
        {
            string name = Pick(random, "a", "b c", "d-e", "ü", "f.g") + index;
            properties[name] = Any(random, depth + 1);
            if (random.Next(2) == 0)
            {
                required.Add(name);
            }
        }

        return new() { ["type"] = "object", ["properties"] = properties, ["required"] = required, ["additionalProperties"] = false };
    }

    private static string Pick(Random random, params string[] values) => values[random.Next(values.Length)];

    /// <summary>A validator of what is drawn above, independent of the compiler.</summary>
    private static bool Obeys(JsonElement value, JsonElement schema)
    {
        if (schema.TryGetProperty("anyOf", out JsonElement branches))
        {
            return branches.EnumerateArray().Any(branch => Obeys(value, branch));
        }

        if (schema.TryGetProperty("const", out JsonElement constant))
        {
            return JsonElement.DeepEquals(value, constant);
        }

        if (schema.TryGetProperty("enum", out JsonElement values))
        {
            return values.EnumerateArray().Any(one => JsonElement.DeepEquals(value, one));
        }

        JsonElement type = schema.GetProperty("type");
        IEnumerable<string?> types = type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(static one => one.GetString()) : [type.GetString()];
        return types.Any(one => one switch
        {
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "null" => value.ValueKind == JsonValueKind.Null,
            "integer" => IsInteger(value, schema),
            "string" => value.ValueKind == JsonValueKind.String && IsText(value.GetString()!, schema),
            "array" => IsArray(value, schema),
            _ => IsObject(value, schema),
        });
    }

    private static bool IsInteger(JsonElement value, JsonElement schema) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number)
        && (!schema.TryGetProperty("minimum", out JsonElement least) || number >= least.GetInt64())
        && (!schema.TryGetProperty("exclusiveMaximum", out JsonElement bound) || number < bound.GetInt64());

    private static bool IsText(string text, JsonElement schema)
    {
        if (schema.TryGetProperty("pattern", out JsonElement pattern))
        {
            return Regex.IsMatch(text, pattern.GetString()!, RegexOptions.CultureInvariant);
        }

        if (schema.TryGetProperty("format", out JsonElement format))
        {
            const string Date = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
            const string Time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
            return format.GetString() switch
            {
                "date" => Regex.IsMatch(text, $"^{Date}$"),
                "time" => Regex.IsMatch(text, $"^{Time}$"),
                "date-time" => Regex.IsMatch(text, $"^{Date}T{Time}$"),
                _ => Guid.TryParseExact(text, "D", out _),
            };
        }

        int characters = text.EnumerateRunes().Count();
        return characters >= schema.GetProperty("minLength").GetInt32() && characters <= schema.GetProperty("maxLength").GetInt32();
    }

    private static bool IsArray(JsonElement value, JsonElement schema) =>
        value.ValueKind == JsonValueKind.Array
        && value.GetArrayLength() >= schema.GetProperty("minItems").GetInt32()
        && value.GetArrayLength() <= schema.GetProperty("maxItems").GetInt32()
        && value.EnumerateArray().All(item => Obeys(item, schema.GetProperty("items")));

    private static bool IsObject(JsonElement value, JsonElement schema) =>
        value.ValueKind == JsonValueKind.Object
        && schema.GetProperty("required").EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _))
        && value.EnumerateObject().All(property =>
            schema.GetProperty("properties").TryGetProperty(property.Name, out JsonElement one) && Obeys(property.Value, one));
}
