using System;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Anthropic;

/// <summary>Reads the bodies of <c>POST /v1/messages</c> and of its <c>count_tokens</c> once, at the edge.</summary>
/// <remarks>As strict as OpenAI's dialect is read: a field is acted on, or it is an error that names it.</remarks>
internal sealed class MessagesRequestParser
{
    private readonly CommonFields _common;
    private readonly MessageTools _tools = new();
    private JsonElement? _messages;
    private JsonElement? _toolChoice;
    private string _system = "";
    private bool _isStreamed;

    private MessagesRequestParser(RequestEntropy entropy)
    {
        _common = new CommonFields(entropy);
    }

    private GenerateRequest Generate => _common.Generate;

    /// <summary>Returns what is wrong with the body, or null and the request.</summary>
    /// <param name="answers">An answer is asked for, so it must be said how long it may be.</param>
    public static ApiError? Parse(ReadOnlyMemory<byte> body, RequestEntropy entropy, bool answers, out MessagesRequest? request)
    {
        request = null;
        if (JsonBody.Parse(body, out JsonDocument? document) is { } error)
        {
            return error;
        }

        using (document)
        {
            MessagesRequestParser parser = new(entropy);
            error = parser.ReadFields(document!.RootElement) ?? parser.CheckWhole(answers);
            request = error is null ? new MessagesRequest(parser.Generate, parser._isStreamed) : null;
            return error;
        }
    }

    private ApiError? ReadFields(JsonElement body)
    {
        foreach (JsonProperty field in body.EnumerateObject())
        {
            if (field.Value.ValueKind != JsonValueKind.Null && Read(field.Name, field.Value) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private ApiError? Read(string name, JsonElement value)
    {
        switch (name)
        {
            case "model" or "top_p" or "top_k":
                _common.TryRead(name, value, out ApiError? commonError);
                return commonError;
            case "temperature":
                ApiError? temperatureError = Parameters.ReadNumber(value, name, 0, 1, out double temperature);
                Generate.Sampling.Temperature = (float)temperature;
                return temperatureError;
            case "max_tokens":
                ApiError? error = Parameters.ReadInteger(value, name, 1, int.MaxValue, out long tokens);
                Generate.OutputTokensMax = error is null ? (uint)tokens : 0;
                return error;
            case "stream":
                return Parameters.ReadBoolean(value, name, out _isStreamed);
            case "stop_sequences":
                return ReadStops(value);
            case "system":
                return MessageBlocks.ReadText(value, name, out _system);
            case "messages":
                _messages = value;
                return null;
            case "tools":
                return _tools.Read(value);
            case "tool_choice":
                _toolChoice = value;
                return null;
            case "thinking":
                return ReadThinking(value);
            case "output_config" or "output_format":
                return ReadOutput(name, value);
            case "metadata":
                return ReadMetadata(value);
            case "service_tier":
                return Parameters.ReadString(value, name, out string tier)
                    ?? (tier is "auto" or "standard_only" ? null : ApiError.InvalidValue(name, tier, "'auto' and 'standard_only'"));
            case "cache_control":
                // A node keeps what it has read of a prompt whether or not it is asked to.
                return ToolParser.CheckObject(value, name, ["type", "ttl"]);
            case "container" or "context_management" or "inference_geo" or "mcp_servers" or "speed":
                return ApiError.Unsupported(name, "Remove it from the request.");
            default:
                return ApiError.Unknown(name);
        }
    }

    private ApiError? ReadStops(JsonElement value)
    {
        const string Param = "stop_sequences";
        if (value.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(Param, "an array of strings", Parameters.Describe(value));
        }

        if (value.GetArrayLength() > CommonFields.StopsMax)
        {
            return ApiError.TooLong(Param, "array", CommonFields.StopsMax);
        }

        foreach (JsonElement item in value.EnumerateArray())
        {
            string param = Parameters.At(Param, Generate.Stop.Count);
            if (Parameters.ReadString(item, param, CommonFields.StopCharsMax, out string stop) is { } error)
            {
                return error;
            }

            Generate.Stop.Add(stop);
        }

        return null;
    }

    /// <summary>How much a model thinks is told by words here, not by a number of tokens.</summary>
    private ApiError? ReadThinking(JsonElement value)
    {
        const string Param = "thinking";
        if (ToolParser.CheckObject(value, Param, ["type", "budget_tokens", "display"]) is { } error)
        {
            return error;
        }

        if (!value.TryGetProperty("type", out JsonElement typeElement))
        {
            return ApiError.Missing($"{Param}.type");
        }

        if (Parameters.ReadString(typeElement, $"{Param}.type", out string type) is { } typeError)
        {
            return typeError;
        }

        if (type is not ("enabled" or "disabled" or "adaptive"))
        {
            return ApiError.InvalidValue($"{Param}.type", type, "'enabled', 'disabled' and 'adaptive'");
        }

        if (ToolParser.IsPresent(value, "budget_tokens", out JsonElement budget)
            && Parameters.ReadInteger(budget, $"{Param}.budget_tokens", 1, int.MaxValue, out _) is { } budgetError)
        {
            return budgetError;
        }

        // A model that may decide by itself decides against it where it can't think at all.
        Generate.ReasoningEffort = type switch
        {
            "enabled" => "medium",
            "disabled" => "none",
            _ => Generate.ReasoningEffort,
        };
        return null;
    }

    private ApiError? ReadOutput(string name, JsonElement value)
    {
        JsonElement format = value;
        string param = name;
        if (name == "output_config")
        {
            if (ToolParser.CheckObject(value, name, ["format", "effort"]) is { } error)
            {
                return error;
            }

            if (ToolParser.IsPresent(value, "effort", out JsonElement effort))
            {
                ApiError? effortError = Parameters.ReadString(effort, $"{name}.effort", out string word)
                    ?? (word is "low" or "medium" or "high" or "max" ? null : ApiError.InvalidValue($"{name}.effort", word, "'low', 'medium', 'high' and 'max'"));
                if (effortError is not null)
                {
                    return effortError;
                }

                Generate.ReasoningEffort = word == "max" ? "xhigh" : word;
            }

            if (!ToolParser.IsPresent(value, "format", out format))
            {
                return null;
            }

            param = $"{name}.format";
        }

        return ReadFormat(format, param);
    }

    private ApiError? ReadFormat(JsonElement format, string param)
    {
        if (ToolParser.CheckObject(format, param, ["type", "schema"]) is { } error)
        {
            return error;
        }

        if (!format.TryGetProperty("type", out JsonElement type) || type.ValueKind != JsonValueKind.String || !type.ValueEquals("json_schema"))
        {
            return ApiError.UnsupportedValue($"{param}.type", "This gateway knows formats of the type 'json_schema' only.");
        }

        if (!ToolParser.IsPresent(format, "schema", out JsonElement schema) || schema.ValueKind != JsonValueKind.Object)
        {
            return ApiError.Missing($"{param}.schema");
        }

        Generate.ResponseSchemaJson = schema.GetRawText();
        return ResponseFormatParser.CheckSchema(schema, $"{param}.schema", "output");
    }

    private static ApiError? ReadMetadata(JsonElement value) =>
        ToolParser.CheckObject(value, "metadata", ["user_id"])
        ?? (ToolParser.IsPresent(value, "user_id", out JsonElement user)
            ? Parameters.ReadString(user, "metadata.user_id", HarmlessFields.LabelCharsMax, out _)
            : null);

    private ApiError? CheckWhole(bool answers)
    {
        if (_common.CheckWhole() is { } error)
        {
            return error;
        }

        if (answers && Generate.OutputTokensMax == 0)
        {
            return ApiError.Missing("max_tokens");
        }

        if (_messages is not { } messages)
        {
            return ApiError.Missing("messages");
        }

        Conversation conversation = new(Generate.Messages);
        if (_system.Length > 0)
        {
            conversation.Add("system", _system);
        }

        if (new MessageTurns(conversation).Read(messages) is { } messagesError)
        {
            return messagesError;
        }

        conversation.EndCalls();
        if (_tools.Choose(_toolChoice, Generate) is { } choiceError)
        {
            return choiceError;
        }

        // A conversation that ends with the assistant's words is one that the model goes on writing.
        Generate.ContinuesFinalMessage = Generate.Messages[^1] is { Role: "assistant", ToolCallsJson: "", Content.Length: > 0 };
        return Generate is { ContinuesFinalMessage: true, ResponseSchemaJson.Length: > 0 }
            ? ApiError.Invalid(
                "An assistant message at the end is continued, and what it begins can't be held to an 'output_config.format'. Remove one of them.",
                "output_config.format",
                "invalid_parameter_combination")
            : RequestSize.Check(Generate, "messages");
    }
}
