using System.Buffers;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Responses;

/// <summary>Reads <c>tools</c> and <c>tool_choice</c> in the form that responses have them.</summary>
internal sealed class ResponseTools
{
    private readonly FlatTools _tools = new("parameters", ["type", "strict"]);
    private readonly List<string> _echoes = [];

    /// <summary>The tools that the choice leaves; set by <see cref="Choose"/>.</summary>
    public ToolSet Offered { get; private set; } = ToolSet.None;

    /// <summary>The tools as a response repeats them: every key is there.</summary>
    public string Echo => $"[{string.Join(',', _echoes)}]";

    public ApiError? Read(JsonElement value) => FlatTools.ReadArray(value, ReadTool);

    /// <summary>Returns what is wrong with the choice, or null and the form that nodes expect.</summary>
    public ApiError? Choose(JsonElement? value, out string choice)
    {
        choice = "";
        Offered = _tools.Tools;
        if (value is not { } given)
        {
            return null;
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            ToolSet tools = Offered;
            return given.ValueKind == JsonValueKind.String
                ? ToolParser.ParseChoice(given, ref tools, out choice)
                : ApiError.WrongType("tool_choice", "a string or an object", Parameters.Describe(given));
        }

        if (ReadType(given, "tool_choice", out string type) is { } error)
        {
            return error;
        }

        return type switch
        {
            "function" => ChooseFunction(given, out choice),
            "allowed_tools" => ChooseAmong(given, out choice),
            _ => ApiError.UnsupportedValue("tool_choice.type", "This gateway knows choices of the types 'function' and 'allowed_tools' only."),
        };
    }

    private ApiError? ReadTool(JsonElement tool, string param)
    {
        if (ReadType(tool, param, out string type) is { } error)
        {
            return error;
        }

        if (type != "function")
        {
            return ApiError.UnsupportedValue($"{param}.type", "This gateway knows tools of the type 'function' only.");
        }

        if (_tools.Add(tool, param) is { } toolError)
        {
            return toolError;
        }

        _echoes.Add(Repeat(tool));
        return null;
    }

    private ApiError? ChooseFunction(JsonElement given, out string choice)
    {
        choice = "";
        string name = "";
        ApiError? error = ToolParser.CheckObject(given, "tool_choice", ["type", "name"])
            ?? (Offered.Names.IsEmpty ? ToolParser.WithoutTools() : ToolParser.CheckFunctionName(given, "tool_choice", out name));
        choice = FlatTools.Choose(name);
        return error ?? (Offered.Names.Contains(name) ? null : ToolParser.NotAmong(name, "tool_choice.name"));
    }

    private ApiError? ChooseAmong(JsonElement given, out string mode)
    {
        mode = "";
        if (ToolParser.CheckObject(given, "tool_choice", ["type", "mode", "tools"]) is { } error)
        {
            return error;
        }

        if (!given.TryGetProperty("mode", out JsonElement modeElement) || !given.TryGetProperty("tools", out JsonElement tools))
        {
            return ApiError.Missing(modeElement.ValueKind == JsonValueKind.Undefined ? "tool_choice.mode" : "tool_choice.tools");
        }

        ApiError? modeError = Parameters.ReadString(modeElement, "tool_choice.mode", out mode)
            ?? (mode is "auto" or "required" ? null : ApiError.InvalidValue("tool_choice.mode", mode, "'auto' and 'required'"));
        if (modeError is not null || tools.ValueKind != JsonValueKind.Array)
        {
            return modeError ?? ApiError.WrongType("tool_choice.tools", "an array of objects", Parameters.Describe(tools));
        }

        ImmutableHashSet<string>.Builder names = ImmutableHashSet.CreateBuilder<string>();
        int index = 0;
        foreach (JsonElement tool in tools.EnumerateArray())
        {
            string param = Parameters.At("tool_choice.tools", index++);
            string name = "";
            ApiError? toolError = ToolParser.CheckObject(tool, param, ["type", "name"])
                ?? ToolParser.CheckFunctionName(tool, param, out name)
                ?? (Offered.Names.Contains(name) ? null : ToolParser.NotAmong(name, $"{param}.name"));
            if (toolError is not null)
            {
                return toolError;
            }

            names.Add(name);
        }

        Offered = Offered.Only(names.ToImmutable());
        return names.Count == 0 ? ApiError.Empty("tool_choice.tools", "array") : null;
    }

    private static ApiError? ReadType(JsonElement value, string param, out string type)
    {
        type = "";
        return value.TryGetProperty("type", out JsonElement element)
            ? Parameters.ReadString(element, $"{param}.type", out type)
            : ApiError.Missing($"{param}.type");
    }

    private static string Repeat(JsonElement tool)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, ApiResponses.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "function"u8);
            WriteOr(json, tool, "description", "null");
            WriteOr(json, tool, "name", "null");
            WriteOr(json, tool, "parameters", "null");

            WriteOr(json, tool, "strict", "false");
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteOr(Utf8JsonWriter json, JsonElement value, string key, string otherwise)
    {
        json.WritePropertyName(key);
        json.WriteRawValue(ToolParser.IsPresent(value, key, out JsonElement field) ? field.GetRawText() : otherwise, skipInputValidation: true);
    }
}
