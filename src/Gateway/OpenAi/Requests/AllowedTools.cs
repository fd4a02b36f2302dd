using System.Collections.Immutable;
using System.Text.Json;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads a <c>tool_choice</c> of the type <c>allowed_tools</c>, which narrows the tools down.</summary>
internal static class AllowedTools
{
    private const string Param = "tool_choice.allowed_tools";

    /// <summary>Returns what is wrong, or null, the mode and the tools that are left.</summary>
    public static ApiError? Parse(JsonElement choice, ref ToolSet tools, out string mode)
    {
        mode = "";
        if (ToolParser.CheckObject(choice, "tool_choice", ["type", "allowed_tools"]) is { } error)
        {
            return error;
        }

        if (!choice.TryGetProperty("allowed_tools", out JsonElement allowed))
        {
            return ApiError.Missing(Param);
        }

        if (ToolParser.CheckObject(allowed, Param, ["mode", "tools"]) is { } allowedError)
        {
            return allowedError;
        }

        return ReadMode(allowed, out mode) ?? ReadTools(allowed, ref tools);
    }

    private static ApiError? ReadMode(JsonElement allowed, out string mode)
    {
        mode = "";
        if (!allowed.TryGetProperty("mode", out JsonElement value))
        {
            return ApiError.Missing($"{Param}.mode");
        }

        return Parameters.ReadString(value, $"{Param}.mode", out mode)
            ?? (mode is "auto" or "required" ? null : ApiError.InvalidValue($"{Param}.mode", mode, "'auto' and 'required'"));
    }

    private static ApiError? ReadTools(JsonElement allowed, ref ToolSet tools)
    {
        if (!allowed.TryGetProperty("tools", out JsonElement list))
        {
            return ApiError.Missing($"{Param}.tools");
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            return list.ValueKind == JsonValueKind.Array
                ? ApiError.Empty($"{Param}.tools", "array")
                : ApiError.WrongType($"{Param}.tools", "an array of objects", Parameters.Describe(list));
        }

        if (tools.Names.IsEmpty)
        {
            return ToolParser.WithoutTools();
        }

        ImmutableHashSet<string>.Builder names = ImmutableHashSet.CreateBuilder<string>();
        int index = 0;
        foreach (JsonElement tool in list.EnumerateArray())
        {
            string param = Parameters.At($"{Param}.tools", index++);
            string name = "";
            ApiError? error = ToolParser.CheckTyped(tool, param, out JsonElement function)
                ?? ToolParser.CheckObject(function, $"{param}.function", ["name"])
                ?? ToolParser.CheckFunctionName(function, $"{param}.function", out name);
            if (error is not null)
            {
                return error;
            }

            if (!tools.Names.Contains(name))
            {
                return ToolParser.NotAmong(name, $"{param}.function.name");
            }

            names.Add(name);
        }

        tools = tools.Only(names.ToImmutable());
        return null;
    }
}
