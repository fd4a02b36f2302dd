using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads the body of <c>POST /v1/chat/completions</c> once, at the edge, into what the mesh is asked for.</summary>
internal sealed class ChatRequestParser
{
    public const int TopLogprobsMax = 20;

    private readonly CommonFields _common;
    private JsonElement? _toolChoice;
    private ToolSet _tools = ToolSet.None;

    private ChatRequestParser(RequestEntropy entropy)
    {
        _common = new CommonFields(entropy);
    }

    private GenerateRequest Generate => _common.Generate;

    /// <summary>Returns what is wrong with the body, or null and the request.</summary>
    public static ApiError? Parse(ReadOnlyMemory<byte> body, RequestEntropy entropy, out ChatRequest? request)
    {
        request = null;
        ApiError? error = JsonBody.Parse(body, out JsonDocument? document);
        if (error is not null)
        {
            return error;
        }

        using (document)
        {
            ChatRequestParser parser = new(entropy);
            error = parser.ReadFields(document!.RootElement) ?? parser.CheckWhole();
            request = error is null
                ? new ChatRequest(parser.Generate, parser._common.Stream, ReadStored(document.RootElement), parser._common.CacheKey)
                : null;
            return error;
        }
    }

    /// <summary>What is kept of a good request that asks for it.</summary>
    private static Dictionary<string, string>? ReadStored(JsonElement body) =>
        body.TryGetProperty("store", out JsonElement store) && store.ValueKind == JsonValueKind.True
            ? body.EnumerateObject()
                .Where(static field => field.Value.ValueKind != JsonValueKind.Null
                    && field.Name is ("messages" or "metadata" or "tools" or "tool_choice" or "response_format" or "user"))
                .ToDictionary(static field => field.Name, static field => field.Value.GetRawText())
            : null;

    private ApiError? ReadFields(JsonElement body)
    {
        foreach (JsonProperty field in body.EnumerateObject())
        {
            if (ReadField(field.Name, field.Value) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private ApiError? ReadField(string name, JsonElement value)
    {
        if (_common.TryRead(name, value, out ApiError? error))
        {
            return error;
        }

        return name switch
        {
            "messages" or "tools" or "tool_choice" or "parallel_tool_calls" or "response_format" or "logprobs" or "top_logprobs"
                or "reasoning_effort" => value.ValueKind == JsonValueKind.Null ? null : ReadOwn(name, value),
            _ => UnsupportedParameters.Check(name, value),
        };
    }

    private ApiError? ReadOwn(string name, JsonElement value) => name switch
    {
        "messages" => MessageParser.Parse(value, Generate.Messages),
        "tools" => ToolParser.ParseTools(value, out _tools),
        "tool_choice" => KeepToolChoice(value),
        "parallel_tool_calls" => ReadParallelToolCalls(value),
        "response_format" => ReadResponseFormat(value),
        "reasoning_effort" => ReadReasoningEffort(value),
        "logprobs" => ReadLogprobs(value),
        _ => ReadTopLogprobs(value),
    };

    /// <summary>The choice may name a tool that stands later in the body, so it is read at the end.</summary>
    private ApiError? KeepToolChoice(JsonElement value)
    {
        _toolChoice = value;
        return null;
    }

    private ApiError? ReadParallelToolCalls(JsonElement value)
    {
        ApiError? error = Parameters.ReadBoolean(value, "parallel_tool_calls", out bool parallel);
        Generate.ParallelToolCalls = parallel;
        return error;
    }

    private ApiError? ReadResponseFormat(JsonElement value)
    {
        ApiError? error = ResponseFormatParser.Parse(value, out string schema);
        Generate.ResponseSchemaJson = schema;
        return error;
    }

    private ApiError? ReadReasoningEffort(JsonElement value)
    {
        ApiError? error = ReadReasoningEffort(value, "reasoning_effort", out string effort);
        Generate.ReasoningEffort = effort;
        return error;
    }

    internal static ApiError? ReadReasoningEffort(JsonElement value, string param, out string effort) =>
        Parameters.ReadString(value, param, out effort)
        ?? (effort is "none" or "minimal" or "low" or "medium" or "high" or "xhigh"
            ? null
            : ApiError.InvalidValue(param, effort, "'none', 'minimal', 'low', 'medium', 'high' and 'xhigh'"));

    private ApiError? ReadLogprobs(JsonElement value)
    {
        ApiError? error = Parameters.ReadBoolean(value, "logprobs", out bool logprobs);
        Generate.Logprobs = logprobs;
        return error;
    }

    private ApiError? ReadTopLogprobs(JsonElement value)
    {
        ApiError? error = Parameters.ReadInteger(value, "top_logprobs", 0, TopLogprobsMax, out long count);
        Generate.TopLogprobs = error is null ? (uint)count : 0;
        return error;
    }

    /// <summary>What needs more than one field to judge.</summary>
    private ApiError? CheckWhole()
    {
        if (_common.CheckWhole() is { } common)
        {
            return common;
        }

        if (Generate.Messages.Count == 0)
        {
            return ApiError.Missing("messages");
        }

        if (Generate is { TopLogprobs: > 0, Logprobs: false })
        {
            return ApiError.Invalid(
                "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "top_logprobs", "invalid_parameter_combination");
        }

        return CheckTools() ?? CheckContinuation() ?? RequestSize.Check(Generate, "messages");
    }

    private ApiError? CheckTools()
    {
        ToolSet tools = _tools;
        if (_toolChoice is { } choice)
        {
            if (ToolParser.ParseChoice(choice, ref tools, out string toolChoice) is { } error)
            {
                return error;
            }

            Generate.ToolChoice = toolChoice;
        }

        Generate.ToolsJson = tools.Json;
        return null;
    }

    /// <summary>A conversation that ends with the assistant's words is one that the model goes on writing.</summary>
    private ApiError? CheckContinuation()
    {
        if (Generate.Messages[^1] is not { Role: "assistant", ToolCallsJson: "", Content.Length: > 0 })
        {
            return null;
        }

        Generate.ContinuesFinalMessage = true;
        return Generate.ResponseSchemaJson.Length > 0
            ? ApiError.Invalid(
                "An assistant message at the end is continued, and what it begins can't be held to a 'response_format'. Remove one of them.",
                "response_format",
                "invalid_parameter_combination")
            : null;
    }
}
