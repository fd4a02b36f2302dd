using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Reads <c>options</c>: how tokens are drawn, and how the engine runs.</summary>
/// <remarks>What only says how an engine uses its machine is its owner's business here: checked, then dropped.</remarks>
internal static class OllamaOptions
{
    private const string Param = "options";

    /// <summary>What Ollama does where a request doesn't say.</summary>
    public static void SetDefaults(Sampling sampling)
    {
        sampling.Temperature = 0.8f;
        sampling.TopK = 40;
        sampling.TopP = 0.9f;
        sampling.RepetitionPenalty = 1.1f;
    }

    public static ApiError? Read(JsonElement value, CommonFields common)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(Param, "an object", Parameters.Describe(value));
        }

        foreach (JsonProperty option in value.EnumerateObject())
        {
            if (option.Value.ValueKind != JsonValueKind.Null && ReadOption(option.Name, option.Value, common) is { } error)
            {
                return error with { Message = error.Message.Replace($"'{option.Name}", $"'{Param}.{option.Name}", System.StringComparison.Ordinal) };
            }
        }

        return null;
    }

    private static ApiError? ReadOption(string name, JsonElement value, CommonFields common)
    {
        switch (name)
        {
            case "temperature" or "top_k" or "min_p" or "seed" or "stop" or "presence_penalty" or "frequency_penalty":
                common.TryRead(name, value, out ApiError? error);
                return error;
            case "top_p":
                // Ollama's 0 is off, as 1 is.
                ApiError? topError = Parameters.ReadNumber(value, name, 0, 1, out double top);
                common.Generate.Sampling.TopP = top > 0 ? (float)top : 1;
                return topError;
            case "repeat_penalty":
                ApiError? repeatError = Parameters.ReadNumber(value, name, 0, 2, out double penalty);
                common.Generate.Sampling.RepetitionPenalty = (float)penalty;
                return repeatError;
            case "num_predict":
                // Below zero: as many as the context holds.
                ApiError? predictError = Parameters.ReadInteger(value, name, -2, int.MaxValue, out long tokens);
                common.Generate.OutputTokensMax = tokens > 0 ? (uint)tokens : 0;
                return predictError;
            case "num_ctx" or "num_batch" or "num_gpu" or "main_gpu" or "num_thread" or "num_keep" or "repeat_last_n":
                return Parameters.ReadInteger(value, name, int.MinValue, int.MaxValue, out _);
            case "numa" or "low_vram" or "vocab_only" or "use_mmap" or "use_mlock" or "penalize_newline" or "f16_kv" or "logits_all":
                return Parameters.ReadBoolean(value, name, out _);
            case "typical_p" or "tfs_z":
                return ReadNothing(name, value, 1);
            case "mirostat":
                return ReadNothing(name, value, 0);
            case "mirostat_tau" or "mirostat_eta":
                return Parameters.ReadNumber(value, name, 0, double.MaxValue, out _);
            default:
                return ApiError.Unknown(name);
        }
    }

    /// <summary>Takes the one value that changes nothing.</summary>
    private static ApiError? ReadNothing(string name, JsonElement value, double nothing) =>
        Parameters.ReadNumber(value, name, double.MinValue, double.MaxValue, out double number)
        ?? (number == nothing ? null : ApiError.Unsupported(name, "Remove it from the options."));
}
