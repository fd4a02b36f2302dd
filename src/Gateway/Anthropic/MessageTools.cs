using System.Collections.Immutable;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Anthropic;

/// <summary>Reads <c>tools</c> and <c>tool_choice</c>.</summary>
internal sealed class MessageTools
{
    /// <summary>What only OpenAI's and Anthropic's own machines act on: where a prompt is cached, who may call, how input comes.</summary>
    private static readonly ImmutableArray<string> KnownKeys =
        ["type", "strict", "cache_control", "eager_input_streaming", "defer_loading", "allowed_callers", "input_examples"];

    private readonly FlatTools _tools = new("input_schema", KnownKeys);

    public ApiError? Read(JsonElement value) => FlatTools.ReadArray(value, ReadTool);

    /// <summary>Returns what is wrong with the choice, or null after setting what the node is told.</summary>
    public ApiError? Choose(JsonElement? value, GenerateRequest request)
    {
        const string Param = "tool_choice";
        ToolSet tools = _tools.Tools;
        request.ToolsJson = tools.Json;
        if (value is not { } choice)
        {
            return null;
        }

        if (ToolParser.CheckObject(choice, Param, ["type", "name", "disable_parallel_tool_use"]) is { } error)
        {
            return error;
        }

        if (MessageBlocks.ReadType(choice, Param, out string type) is { } typeError)
        {
            return typeError;
        }

        if (ToolParser.IsPresent(choice, "disable_parallel_tool_use", out JsonElement disable))
        {
            if (Parameters.ReadBoolean(disable, $"{Param}.disable_parallel_tool_use", out bool isDisabled) is { } disableError)
            {
                return disableError;
            }

            request.ParallelToolCalls = !isDisabled;
        }

        if (tools.Names.IsEmpty)
        {
            return type is "any" or "tool" ? ToolParser.WithoutTools() : null;
        }

        string name = "";
        switch (type)
        {
            case "auto" or "none":
                request.ToolChoice = type;
                return null;
            case "any":
                request.ToolChoice = "required";
                return null;
            case "tool":
                ApiError? nameError = ToolParser.CheckFunctionName(choice, Param, out name);
                request.ToolChoice = FlatTools.Choose(name);
                return nameError ?? (tools.Names.Contains(name) ? null : ToolParser.NotAmong(name, $"{Param}.name"));
            default:
                return ApiError.InvalidValue($"{Param}.type", type, "'auto', 'any', 'tool' and 'none'");
        }
    }

    private ApiError? ReadTool(JsonElement tool, string param)
    {
        if (ToolParser.IsPresent(tool, "type", out JsonElement typeElement))
        {
            if (Parameters.ReadString(typeElement, $"{param}.type", out string type) is { } error)
            {
                return error;
            }

            if (type != "custom")
            {
                return ApiError.UnsupportedValue($"{param}.type", "This gateway knows tools of the type 'custom' only.");
            }
        }

        return ToolParser.IsPresent(tool, "input_schema", out _) ? _tools.Add(tool, param) : ApiError.Missing($"{param}.input_schema");
    }
}
