using System;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Reads what the bodies of <c>POST /api/chat</c> and <c>POST /api/generate</c> share.</summary>
internal abstract class OllamaRequestParser
{
    private bool _isStreamed = true;

    protected OllamaRequestParser(RequestEntropy entropy)
    {
        Common = new CommonFields(entropy);
        OllamaOptions.SetDefaults(Generate.Sampling);
    }

    protected CommonFields Common { get; }

    protected GenerateRequest Generate => Common.Generate;

    /// <summary>Returns what is wrong with the body, or null and the request.</summary>
    public static ApiError? Parse(ReadOnlyMemory<byte> body, OllamaRequestParser parser, out OllamaRequest? request)
    {
        request = null;
        if (JsonBody.Parse(body, out JsonDocument? document) is { } error)
        {
            return error;
        }

        using (document)
        {
            bool isLoad = false;
            error = parser.ReadFields(document!.RootElement) ?? parser.Common.CheckWhole() ?? parser.CheckWhole(out isLoad)
                ?? RequestSize.Check(parser.Generate, parser.LargeParam);
            request = error is null ? new OllamaRequest(parser.Generate, parser._isStreamed, isLoad) : null;
            return error;
        }
    }

    /// <summary>The field that makes a request large.</summary>
    protected abstract string LargeParam { get; }

    /// <summary>Reads a field that the other endpoint doesn't have.</summary>
    protected abstract ApiError? ReadOwn(string name, JsonElement value);

    /// <param name="isLoad">Nothing is asked of the model.</param>
    protected abstract ApiError? CheckWhole(out bool isLoad);

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
            case "model":
                Common.TryRead(name, value, out ApiError? error);
                return error;
            case "stream":
                return Parameters.ReadBoolean(value, name, out _isStreamed);
            case "options":
                return OllamaOptions.Read(value, Common);
            case "format":
                return ReadFormat(value);
            case "think":
                return ReadThink(value);
            case "keep_alive":
                // How long a model stays loaded is its node's owner's business.
                return value.ValueKind is JsonValueKind.String or JsonValueKind.Number
                    ? null
                    : ApiError.WrongType(name, "a string or a number", Parameters.Describe(value));
            default:
                return ReadOwn(name, value);
        }
    }

    private ApiError? ReadFormat(JsonElement value)
    {
        const string Param = "format";
        if (value.ValueKind == JsonValueKind.Object)
        {
            Generate.ResponseSchemaJson = value.GetRawText();
            return ResponseFormatParser.CheckSchema(value, Param, Param);
        }

        ApiError? error = Parameters.ReadString(value, Param, out string format);
        Generate.ResponseSchemaJson = format == "json" ? ResponseFormatParser.AnyObjectSchema : "";
        return error ?? (format is "json" or "" ? null : ApiError.InvalidValue(Param, format, "'json' and a JSON schema"));
    }

    private ApiError? ReadThink(JsonElement value)
    {
        const string Param = "think";
        if (value.ValueKind == JsonValueKind.String)
        {
            ApiError? error = Parameters.ReadString(value, Param, out string effort);
            Generate.ReasoningEffort = effort;
            return error ?? (effort is "low" or "medium" or "high" ? null : ApiError.InvalidValue(Param, effort, "true, false, 'low', 'medium' and 'high'"));
        }

        ApiError? booleanError = Parameters.ReadBoolean(value, Param, out bool thinks);
        Generate.ReasoningEffort = thinks ? "medium" : "none";
        return booleanError;
    }
}
