using System;
using System.Buffers;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Collects function tools of the dialects that have no <c>function</c> object, in the form that nodes expect.</summary>
/// <param name="schemaKey">Where the dialect keeps the schema of the arguments.</param>
/// <param name="knownKeys">The other keys that a tool may have beside a name and a description.</param>
internal sealed class FlatTools(string schemaKey, ImmutableArray<string> knownKeys)
{
    private readonly HashSet<string> _known = [];
    private readonly ImmutableArray<string>.Builder _names = ImmutableArray.CreateBuilder<string>();
    private readonly ImmutableArray<string>.Builder _definitions = ImmutableArray.CreateBuilder<string>();

    public ToolSet Tools => _names.Count == 0 ? ToolSet.None : new ToolSet(_names.ToImmutable(), _definitions.ToImmutable());

    /// <summary>Reads an array of tools, each by <paramref name="add"/>, which calls <see cref="Add"/> in the end.</summary>
    public static ApiError? ReadArray(JsonElement value, Func<JsonElement, string, ApiError?> add)
    {
        const string Param = "tools";
        if (value.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(Param, "an array of objects", Parameters.Describe(value));
        }

        if (value.GetArrayLength() > ToolParser.ToolsMax)
        {
            return ApiError.TooLong(Param, "array", ToolParser.ToolsMax);
        }

        int index = 0;
        foreach (JsonElement tool in value.EnumerateArray())
        {
            string param = Parameters.At(Param, index++);
            ApiError? error = tool.ValueKind == JsonValueKind.Object
                ? add(tool, param)
                : ApiError.WrongType(param, "an object", Parameters.Describe(tool));
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    public ApiError? Add(JsonElement tool, string param)
    {
        string name = "";
        ApiError? error = ToolParser.CheckObject(tool, param, ["name", "description", schemaKey, .. knownKeys])
            ?? ToolParser.CheckFunction(tool, param, schemaKey, out name);
        if (error is not null)
        {
            return error;
        }

        if (!_known.Add(name))
        {
            return ToolParser.NamedTwice(name, $"{param}.name");
        }

        _names.Add(name);
        _definitions.Add(Define(tool));
        return null;
    }

    /// <summary>The choice of one function by its name.</summary>
    public static string Choose(string name) => $$$"""{"type":"function","function":{"name":"{{{name}}}"}}""";

    private string Define(JsonElement tool)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, ApiResponses.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            foreach (JsonProperty field in tool.EnumerateObject())
            {
                if (field.Value.ValueKind == JsonValueKind.Null)
                {
                    continue;
                }

                string key = field.Name == schemaKey ? "parameters" : field.Name;
                if (key is "name" or "description" or "parameters" or "strict")
                {
                    json.WritePropertyName(key);
                    json.WriteRawValue(field.Value.GetRawText(), skipInputValidation: true);
                }
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
