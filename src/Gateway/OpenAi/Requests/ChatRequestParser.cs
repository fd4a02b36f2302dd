using System;
using System.Text.Json;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads the body of <c>POST /v1/chat/completions</c> once, at the edge, into what the mesh is asked for.</summary>
/// <remarks>
/// Strict on purpose: a field is acted on, or it is a 400 that names it. Only fields that change nothing about the
/// answer (a user's id, metadata) are checked and dropped. Null is absent.
/// </remarks>
internal sealed class ChatRequestParser
{
    public const int ModelCharsMax = 128;
    public const int ChoicesMax = 8;
    public const int StopsMax = 4;
    public const int StopCharsMax = 1024;
    public const int LabelCharsMax = 512;
    public const int MetadataPairsMax = 16;
    public const int MetadataKeyCharsMax = 64;
    public const int MetadataValueCharsMax = 512;

    private readonly GenerateRequest _generate = new()
    {
        Choices = 1,
        ParallelToolCalls = true,
        Sampling = new Sampling { Temperature = 1, TopP = 1 },
    };

    private JsonElement? _toolChoice;
    private ToolSet _tools = ToolSet.None;
    private string? _outputLimitParam;
    private bool _stream;
    private bool _streamOptions;
    private bool _includeUsage;
    private bool _includeObfuscation = true;

    private ChatRequestParser(RequestEntropy entropy)
    {
        _generate.RequestId = ByteString.CopyFrom(entropy.RequestId.Span);
        _generate.Sampling.Seed = entropy.Seed;
    }

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
            request = error is null ? parser.Build() : null;
            return error;
        }
    }

    private ChatRequest Build() => new(_generate, _stream, _includeUsage, _includeObfuscation);

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

    private ApiError? ReadField(string name, JsonElement value) => name switch
    {
        "model" or "messages" or "stream" or "stream_options" or "max_tokens" or "max_completion_tokens" or "n"
            or "temperature" or "top_p" or "top_k" or "min_p" or "frequency_penalty" or "presence_penalty" or "seed"
            or "stop" or "tools" or "tool_choice" or "parallel_tool_calls" or "response_format" =>
            value.ValueKind == JsonValueKind.Null ? null : ReadMeaningful(name, value),
        "user" or "safety_identifier" or "prompt_cache_key" or "metadata" or "store" or "service_tier" =>
            value.ValueKind == JsonValueKind.Null ? null : CheckHarmless(name, value),
        _ => UnsupportedParameters.Check(name, value),
    };

    private ApiError? ReadMeaningful(string name, JsonElement value) => name switch
    {
        "model" => ReadModel(value),
        "messages" => MessageParser.Parse(value, _generate.Messages),
        "stream" => Parameters.ReadBoolean(value, name, out _stream),
        "stream_options" => ReadStreamOptions(value),
        "max_tokens" or "max_completion_tokens" => ReadOutputLimit(name, value),
        "stop" => ReadStop(value),
        "tools" => ToolParser.ParseTools(value, out _tools),
        "tool_choice" => KeepToolChoice(value),
        "parallel_tool_calls" => ReadParallelToolCalls(value),
        "response_format" => ReadResponseFormat(value),
        _ => ReadSampling(name, value),
    };

    private ApiError? ReadSampling(string name, JsonElement value)
    {
        ApiError? error;
        double real = 0;
        long integer = 0;
        switch (name)
        {
            case "temperature":
                error = Parameters.ReadNumber(value, name, 0, 2, out real);
                _generate.Sampling.Temperature = (float)real;
                return error;
            case "top_p":
                return ReadTopP(value);
            case "min_p":
                error = Parameters.ReadNumber(value, name, 0, 1, out real);
                _generate.Sampling.MinP = (float)real;
                return error;
            case "frequency_penalty":
                error = Parameters.ReadNumber(value, name, -2, 2, out real);
                _generate.Sampling.FrequencyPenalty = (float)real;
                return error;
            case "presence_penalty":
                error = Parameters.ReadNumber(value, name, -2, 2, out real);
                _generate.Sampling.PresencePenalty = (float)real;
                return error;
            case "top_k":
                error = Parameters.ReadInteger(value, name, 0, int.MaxValue, out integer);
                _generate.Sampling.TopK = error is null ? (int)integer : 0;
                return error;
            case "n":
                error = Parameters.ReadInteger(value, name, 1, ChoicesMax, out integer);
                _generate.Choices = error is null ? (uint)integer : 1;
                return error;
            default:
                error = Parameters.ReadInteger(value, "seed", long.MinValue, long.MaxValue, out integer);
                _generate.Sampling.Seed = unchecked((ulong)integer);
                return error;
        }
    }

    private ApiError? ReadTopP(JsonElement value)
    {
        ApiError? error = Parameters.ReadNumber(value, "top_p", 0, 1, out double topP);
        if (error is not null)
        {
            return error;
        }

        // The smallest positive double is no float: what rounds to 0 keeps no token, as 0 itself does.
        _generate.Sampling.TopP = (float)topP;
        return _generate.Sampling.TopP > 0
            ? null
            : ApiError.Invalid(
                "Invalid 'top_p': decimal below minimum value. Expected a value > 0.", "top_p", "decimal_below_min_value");
    }

    private ApiError? ReadModel(JsonElement value)
    {
        ApiError? error = Parameters.ReadString(value, "model", ModelCharsMax, out string model);
        _generate.Model = model;
        return error;
    }

    private ApiError? ReadStreamOptions(JsonElement value)
    {
        const string Param = "stream_options";
        if (value.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(Param, "an object", Parameters.Describe(value));
        }

        _streamOptions = true;
        foreach (JsonProperty option in value.EnumerateObject())
        {
            ApiError? error = option.Name switch
            {
                "include_usage" or "include_obfuscation" when option.Value.ValueKind == JsonValueKind.Null => null,
                "include_usage" => Parameters.ReadBoolean(option.Value, $"{Param}.include_usage", out _includeUsage),
                "include_obfuscation" =>
                    Parameters.ReadBoolean(option.Value, $"{Param}.include_obfuscation", out _includeObfuscation),
                _ => ApiError.Unknown($"{Param}.{option.Name}"),
            };
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    private ApiError? ReadOutputLimit(string name, JsonElement value)
    {
        if (_outputLimitParam is not null)
        {
            return ApiError.Invalid(
                "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported. Send 'max_completion_tokens' alone.",
                "max_tokens",
                "invalid_parameter_combination");
        }

        _outputLimitParam = name;
        ApiError? error = Parameters.ReadInteger(value, name, 1, int.MaxValue, out long tokens);
        _generate.OutputTokensMax = error is null ? (uint)tokens : 0;
        return error;
    }

    private ApiError? ReadStop(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return value.ValueKind == JsonValueKind.String
                ? AddStop(value, "stop")
                : ApiError.WrongType("stop", "a string or an array of strings", Parameters.Describe(value));
        }

        if (value.GetArrayLength() > StopsMax)
        {
            return ApiError.TooLong("stop", "array", StopsMax);
        }

        int index = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (AddStop(item, Parameters.At("stop", index++)) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private ApiError? AddStop(JsonElement value, string param)
    {
        ApiError? error = Parameters.ReadString(value, param, StopCharsMax, out string stop);
        if (error is null)
        {
            _generate.Stop.Add(stop);
        }

        return error;
    }

    /// <summary>The choice may name a tool that stands later in the body, so it is read at the end.</summary>
    private ApiError? KeepToolChoice(JsonElement value)
    {
        _toolChoice = value;
        return null;
    }

    private ApiError? ReadParallelToolCalls(JsonElement value)
    {
        ApiError? error = Parameters.ReadBoolean(value, "parallel_tool_calls", out bool parallel);
        _generate.ParallelToolCalls = parallel;
        return error;
    }

    private ApiError? ReadResponseFormat(JsonElement value)
    {
        ApiError? error = ResponseFormatParser.Parse(value, out string schema);
        _generate.ResponseSchemaJson = schema;
        return error;
    }

    private static ApiError? CheckHarmless(string name, JsonElement value)
    {
        switch (name)
        {
            case "metadata":
                return CheckMetadata(value);
            case "store":
                return Parameters.ReadBoolean(value, name, out bool store) ?? (store
                    ? ApiError.UnsupportedValue(name, "This gateway stores no completions: send false or remove it.")
                    : null);
            case "service_tier":
                return Parameters.ReadString(value, name, out string tier) ?? (tier is "auto" or "default"
                    ? null
                    : ApiError.InvalidValue(name, tier, "'auto' and 'default'"));
            default:
                return Parameters.ReadString(value, name, LabelCharsMax, out _);
        }
    }

    private static ApiError? CheckMetadata(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType("metadata", "an object", Parameters.Describe(value));
        }

        if (value.GetPropertyCount() > MetadataPairsMax)
        {
            return ApiError.TooLong("metadata", "object", MetadataPairsMax);
        }

        foreach (JsonProperty pair in value.EnumerateObject())
        {
            string param = $"metadata.{ApiError.Echo(pair.Name)}";
            ApiError? error = pair.Name.Length > MetadataKeyCharsMax
                ? ApiError.TooLong(param, "string", MetadataKeyCharsMax)
                : Parameters.ReadString(pair.Value, param, out string text) ?? (text.Length > MetadataValueCharsMax
                    ? ApiError.TooLong(param, "string", MetadataValueCharsMax)
                    : null);
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>What needs more than one field to judge.</summary>
    private ApiError? CheckWhole()
    {
        if (_generate.Model.Length == 0)
        {
            return ApiError.Missing("model");
        }

        if (_generate.Messages.Count == 0)
        {
            return ApiError.Missing("messages");
        }

        if (_streamOptions && !_stream)
        {
            return ApiError.Invalid(
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options", "invalid_parameter_combination");
        }

        if (_toolChoice is { } choice)
        {
            if (ToolParser.ParseChoice(choice, _tools, out string toolChoice) is { } error)
            {
                return error;
            }

            _generate.ToolChoice = toolChoice;
        }

        _generate.ToolsJson = _tools.Json;
        return _generate.CalculateSize() > HttpLimits.GenerateBytesMax
            ? new ApiError(413, "The request is too large for one message of the mesh. Shorten its messages or tools.", ApiError.InvalidRequestType, "messages", "request_too_large")
            : null;
    }
}
