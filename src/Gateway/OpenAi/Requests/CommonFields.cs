using System.Globalization;
using System.Text.Json;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>The fields that requests for text share, whatever the endpoint: model, sampling, limits, streaming.</summary>
/// <remarks>
/// Strict on purpose: a field is acted on, or it is a 400 that names it. Only fields that change nothing about the
/// answer (a user's id, metadata) are checked and dropped. Null is absent.
/// </remarks>
internal sealed class CommonFields
{
    public const int ModelCharsMax = 128;
    public const int ChoicesMax = 8;
    public const int StopsMax = 4;
    public const int StopCharsMax = 1024;
    public const int LogitBiasMax = 1024;

    private string? _outputLimitParam;
    private bool _streamOptions;
    private bool _includeUsage;
    private bool _includeObfuscation = true;

    public CommonFields(RequestEntropy entropy)
    {
        Generate = new GenerateRequest
        {
            RequestId = ByteString.CopyFrom(entropy.RequestId.Span),
            Choices = 1,
            ParallelToolCalls = true,
            Sampling = new Sampling { Temperature = 1, TopP = 1, Seed = entropy.Seed },
        };
    }

    /// <summary>What the mesh is asked for, as far as it was read.</summary>
    public GenerateRequest Generate { get; }

    /// <summary>Null: the answer is one object.</summary>
    public StreamOptions? Stream { get; private set; }

    /// <summary>What the client says belongs together, or empty.</summary>
    public string CacheKey { get; private set; } = "";

    /// <summary>False when the field is none of these; otherwise it was read, or the error says what is wrong with it.</summary>
    public bool TryRead(string name, JsonElement value, out ApiError? error)
    {
        error = null;
        switch (name)
        {
            case "model" or "stream" or "stream_options" or "max_tokens" or "max_completion_tokens" or "n" or "temperature" or "top_p"
                or "top_k" or "min_p" or "frequency_penalty" or "presence_penalty" or "repetition_penalty" or "repeat_penalty"
                or "seed" or "stop" or "logit_bias":
                error = value.ValueKind == JsonValueKind.Null ? null : Read(name, value);
                return true;
            case "prompt_cache_key":
                error = value.ValueKind == JsonValueKind.Null ? null : ReadCacheKey(value);
                return true;
            default:
                return HarmlessFields.TryCheck(name, value, out error);
        }
    }

    /// <summary>What needs more than one field to judge.</summary>
    public ApiError? CheckWhole()
    {
        if (Generate.Model.Length == 0)
        {
            return ApiError.Missing("model");
        }

        if (_streamOptions && Stream is null)
        {
            return ApiError.Invalid(
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options", "invalid_parameter_combination");
        }

        Stream = Stream is null ? null : new StreamOptions(_includeUsage, _includeObfuscation);
        return null;
    }

    private ApiError? Read(string name, JsonElement value) => name switch
    {
        "model" => ReadModel(value),
        "stream" => ReadStream(value),
        "stream_options" => ReadStreamOptions(value),
        "max_tokens" or "max_completion_tokens" => ReadOutputLimit(name, value),
        "stop" => ReadStop(value),
        "logit_bias" => ReadLogitBias(value),
        "n" or "top_k" or "seed" => ReadInteger(name, value),
        _ => ReadNumber(name, value),
    };

    private ApiError? ReadInteger(string name, JsonElement value)
    {
        (long min, long max) = name switch
        {
            "n" => (1, ChoicesMax),
            "top_k" => (0, int.MaxValue),
            _ => (long.MinValue, long.MaxValue),
        };
        if (Parameters.ReadInteger(value, name, min, max, out long integer) is { } error)
        {
            return error;
        }

        switch (name)
        {
            case "n":
                Generate.Choices = (uint)integer;
                break;
            case "top_k":
                Generate.Sampling.TopK = (int)integer;
                break;
            default:
                Generate.Sampling.Seed = unchecked((ulong)integer);
                break;
        }

        return null;
    }

    private ApiError? ReadNumber(string name, JsonElement value)
    {
        (double min, double max) = name switch
        {
            "temperature" => (0, 2),
            "top_p" or "min_p" => (0, 1),
            "repetition_penalty" or "repeat_penalty" => (0, 2),
            _ => (-2.0, 2.0),
        };
        if (Parameters.ReadNumber(value, name, min, max, out double number) is { } error)
        {
            return error;
        }

        float real = (float)number;
        Sampling sampling = Generate.Sampling;
        switch (name)
        {
            case "temperature":
                sampling.Temperature = real;
                return null;
            case "top_p":
                // The smallest positive double is no float: what rounds to 0 keeps no token, as 0 itself does.
                sampling.TopP = real;
                return real > 0 ? null : NotPositive(name);
            case "min_p":
                sampling.MinP = real;
                return null;
            case "frequency_penalty":
                sampling.FrequencyPenalty = real;
                return null;
            case "presence_penalty":
                sampling.PresencePenalty = real;
                return null;
            default:
                sampling.RepetitionPenalty = real;
                return real > 0 ? null : NotPositive(name);
        }
    }

    private static ApiError NotPositive(string name) =>
        ApiError.Invalid($"Invalid '{name}': decimal below minimum value. Expected a value > 0.", name, "decimal_below_min_value");

    private ApiError? ReadModel(JsonElement value)
    {
        ApiError? error = Parameters.ReadString(value, "model", ModelCharsMax, out string model);
        Generate.Model = model;
        return error;
    }

    private ApiError? ReadCacheKey(JsonElement value)
    {
        ApiError? error = Parameters.ReadString(value, "prompt_cache_key", HarmlessFields.LabelCharsMax, out string key);
        CacheKey = key;
        return error;
    }

    private ApiError? ReadStream(JsonElement value)
    {
        ApiError? error = Parameters.ReadBoolean(value, "stream", out bool stream);
        Stream = stream ? new StreamOptions(false, true) : null;
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
        Generate.OutputTokensMax = error is null ? (uint)tokens : 0;
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
            Generate.Stop.Add(stop);
        }

        return error;
    }

    private ApiError? ReadLogitBias(JsonElement value)
    {
        const string Param = "logit_bias";
        if (value.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(Param, "an object", Parameters.Describe(value));
        }

        if (value.GetPropertyCount() > LogitBiasMax)
        {
            return ApiError.TooLong(Param, "object", LogitBiasMax);
        }

        foreach (JsonProperty pair in value.EnumerateObject())
        {
            string param = $"{Param}.{ApiError.Echo(pair.Name)}";
            if (!uint.TryParse(pair.Name, NumberStyles.None, CultureInfo.InvariantCulture, out uint token))
            {
                return ApiError.Invalid($"Invalid key in '{Param}': '{ApiError.Echo(pair.Name)}' is no token id.", param, "invalid_value");
            }

            if (Parameters.ReadNumber(pair.Value, param, -100, 100, out double bias) is { } error)
            {
                return error;
            }

            Generate.Sampling.LogitBias[token] = (float)bias;
        }

        return null;
    }
}
