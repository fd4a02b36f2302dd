using System.Buffers;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text.Json;
using Darkbloom.Protocol.Constraints;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads <c>tools</c>, <c>tool_choice</c> and the <c>tool_calls</c> of earlier turns.</summary>
/// <remarks>Their JSON travels to the node as the client wrote it, after every part of it was checked.</remarks>
internal static class ToolParser
{
    public const int ToolsMax = 128;
    public const int CallsMax = 128;
    public const int FunctionNameCharsMax = 64;

    private static readonly SearchValues<char> FunctionNameChars =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    public static ApiError? ParseTools(JsonElement value, out ToolSet tools)
    {
        tools = ToolSet.None;
        if (value.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType("tools", "an array of objects", Parameters.Describe(value));
        }

        if (value.GetArrayLength() is 0 or > ToolsMax)
        {
            return value.GetArrayLength() == 0 ? null : ApiError.TooLong("tools", "array", ToolsMax);
        }

        HashSet<string> known = [];
        List<string> names = [];
        List<string> definitions = [];
        int index = 0;
        foreach (JsonElement tool in value.EnumerateArray())
        {
            string param = Parameters.At("tools", index++);
            if (CheckTyped(tool, param, out JsonElement function) is { } error)
            {
                return error;
            }

            if (CheckFunction(function, $"{param}.function", out string name) is { } functionError)
            {
                return functionError;
            }

            if (!known.Add(name))
            {
                return NamedTwice(name, $"{param}.function.name");
            }

            names.Add(name);
            definitions.Add(tool.GetRawText());
        }

        tools = new ToolSet([.. names], [.. definitions]);
        return null;
    }

    /// <summary>Returns what is wrong with the choice, or null, the form that nodes expect and the tools that are left to choose from.</summary>
    public static ApiError? ParseChoice(JsonElement value, ref ToolSet tools, out string choice)
    {
        const string Param = "tool_choice";
        choice = "";
        if (value.ValueKind == JsonValueKind.String)
        {
            string mode = value.GetString()!;
            if (mode is not ("auto" or "none" or "required"))
            {
                return ApiError.InvalidValue(Param, mode, "'none', 'auto', 'required', a named function and 'allowed_tools'");
            }

            choice = tools.Names.IsEmpty ? "" : mode;
            return mode == "required" && tools.Names.IsEmpty ? WithoutTools() : null;
        }

        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("type", out JsonElement type)
            && type.ValueKind == JsonValueKind.String && type.ValueEquals("allowed_tools"))
        {
            return AllowedTools.Parse(value, ref tools, out choice);
        }

        if (CheckTyped(value, Param, out JsonElement function) is { } error)
        {
            return error;
        }

        if (tools.Names.IsEmpty)
        {
            return WithoutTools();
        }

        if (CheckObject(function, $"{Param}.function", ["name"]) is { } functionError)
        {
            return functionError;
        }

        if (CheckFunctionName(function, $"{Param}.function", out string name) is { } nameError)
        {
            return nameError;
        }

        choice = value.GetRawText();
        return tools.Names.Contains(name)
            ? null
            : NotAmong(name, $"{Param}.function.name");
    }

    /// <summary>Checks the calls of an assistant's turn, and adds their ids to <paramref name="ids"/>.</summary>
    public static ApiError? CheckCalls(JsonElement value, string param, HashSet<string> ids)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(param, "an array of objects", Parameters.Describe(value));
        }

        if (value.GetArrayLength() > CallsMax)
        {
            return ApiError.TooLong(param, "array", CallsMax);
        }

        int index = 0;
        foreach (JsonElement call in value.EnumerateArray())
        {
            if (CheckCall(call, Parameters.At(param, index++), ids) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static ApiError? CheckCall(JsonElement call, string param, HashSet<string> ids)
    {
        if (CheckTyped(call, param, out JsonElement function, "id") is { } error)
        {
            return error;
        }

        if (!call.TryGetProperty("id", out JsonElement idElement))
        {
            return ApiError.Missing($"{param}.id");
        }

        if (Parameters.ReadString(idElement, $"{param}.id", MessageParser.ToolCallIdCharsMax, out string id) is { } idError)
        {
            return idError;
        }

        ids.Add(id);
        string functionParam = $"{param}.function";
        ApiError? functionError = CheckObject(function, functionParam, ["name", "arguments"])
            ?? CheckFunctionName(function, functionParam, out _);
        if (functionError is not null)
        {
            return functionError;
        }

        return function.TryGetProperty("arguments", out JsonElement arguments)
            ? Parameters.ReadString(arguments, $"{functionParam}.arguments", out _)
            : ApiError.Missing($"{functionParam}.arguments");
    }

    private static ApiError? CheckFunction(JsonElement function, string param, out string name)
    {
        name = "";
        return CheckObject(function, param, ["name", "description", "parameters", "strict"])
            ?? CheckFunction(function, param, "parameters", out name);
    }

    /// <summary>Checks a function whose keys are known.</summary>
    /// <param name="schemaKey">Where the dialect keeps the schema of the arguments.</param>
    internal static ApiError? CheckFunction(JsonElement function, string param, string schemaKey, out string name)
    {
        if (CheckFunctionName(function, param, out name) is { } error)
        {
            return error;
        }

        if (IsPresent(function, "description", out JsonElement description)
            && Parameters.ReadString(description, $"{param}.description", out _) is { } descriptionError)
        {
            return descriptionError;
        }

        if (IsPresent(function, "strict", out JsonElement strict)
            && Parameters.ReadBoolean(strict, $"{param}.strict", out _) is { } strictError)
        {
            return strictError;
        }

        bool hasParameters = IsPresent(function, schemaKey, out JsonElement parameters);
        if (hasParameters && parameters.ValueKind == JsonValueKind.Object && strict.ValueKind == JsonValueKind.True
            && OutputSchema.FindFault(parameters) is { } fault)
        {
            return ApiError.Invalid(
                $"Invalid schema for function '{name}': {fault.Reason}.",
                fault.Path.Length == 0 ? $"{param}.{schemaKey}" : $"{param}.{schemaKey}.{fault.Path}",
                "invalid_function_parameters");
        }

        return hasParameters && parameters.ValueKind != JsonValueKind.Object
            ? ApiError.Invalid(
                $"Invalid schema for function '{name}': expected an object, but got {Parameters.Describe(parameters)}.",
                $"{param}.{schemaKey}",
                "invalid_function_parameters")
            : null;
    }

    /// <summary>Checks <c>{"type":"function","function":{…}}</c>, the frame of a tool, a choice and a call.</summary>
    internal static ApiError? CheckTyped(JsonElement value, string param, out JsonElement function, string? extra = null)
    {
        function = default;
        if (value.ValueKind == JsonValueKind.Object
            && value.TryGetProperty("type", out JsonElement type)
            && type.ValueKind == JsonValueKind.String
            && !type.ValueEquals("function"))
        {
            return ApiError.UnsupportedValue($"{param}.type", "This gateway knows tools of the type 'function' only.");
        }

        if (CheckObject(value, param, ["type", "function", extra ?? "type"]) is { } error)
        {
            return error;
        }

        if (!value.TryGetProperty("type", out type))
        {
            return ApiError.Missing($"{param}.type");
        }

        if (Parameters.ReadString(type, $"{param}.type", out _) is { } typeError)
        {
            return typeError;
        }

        return value.TryGetProperty("function", out function) ? null : ApiError.Missing($"{param}.function");
    }

    internal static ApiError? CheckFunctionName(JsonElement function, string param, out string name)
    {
        name = "";
        if (!function.TryGetProperty("name", out JsonElement value))
        {
            return ApiError.Missing($"{param}.name");
        }

        if (Parameters.ReadString(value, $"{param}.name", FunctionNameCharsMax, out name) is { } error)
        {
            return error;
        }

        return IsName(name)
            ? null
            : ApiError.Invalid($"Invalid '{param}.name': letters, digits, '_' and '-' only.", $"{param}.name", "invalid_value");
    }

    /// <summary>True for letters, digits, underscores and dashes.</summary>
    internal static bool IsName(string text) => !System.MemoryExtensions.ContainsAnyExcept(text, FunctionNameChars);

    /// <summary>Checks that the value is an object that has no keys but the known ones.</summary>
    internal static ApiError? CheckObject(JsonElement value, string param, ImmutableArray<string> known)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(param, "an object", Parameters.Describe(value));
        }

        foreach (JsonProperty field in value.EnumerateObject())
        {
            if (!known.Contains(field.Name))
            {
                string fieldParam = $"{param}.{ApiError.Echo(field.Name)}";
                return ApiError.Invalid($"Unknown parameter: '{fieldParam}'.", fieldParam, "unknown_parameter");
            }
        }

        return null;
    }

    internal static bool IsPresent(JsonElement value, string name, out JsonElement field) =>
        value.TryGetProperty(name, out field) && field.ValueKind != JsonValueKind.Null;

    internal static ApiError NamedTwice(string name, string param) =>
        ApiError.Invalid($"Invalid '{param}': '{name}' names two tools.", param, "invalid_value");

    internal static ApiError NotAmong(string name, string param) =>
        ApiError.Invalid($"Tool choice '{name}' not found in 'tools'.", param, "invalid_value");

    internal static ApiError WithoutTools() =>
        ApiError.Invalid("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice", "invalid_parameter_combination");
}
