using System;
using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Ollama;

/// <summary>The bodies of <c>POST /api/embed</c> and of its older form <c>POST /api/embeddings</c>, which takes one prompt.</summary>
internal sealed class OllamaEmbedTask : TextTask
{
    private readonly ModelsEndpoint _models;
    private readonly Func<TimeSpan> _elapsed;
    private readonly bool _isOne;
    private readonly List<TextInput> _inputs = [];
    private int _dimensions;

    public OllamaEmbedTask(JsonElement body, ModelsEndpoint models, Func<TimeSpan> elapsed, bool isOne)
    {
        (_models, _elapsed, _isOne) = (models, elapsed, isOne);
        Error = ReadAll(body);
    }

    public override string LargeParam => _isOne ? "prompt" : "input";

    public override IGenerationReply NewReply() => new OllamaEmbedReply(Name, _inputs.Count, _dimensions, _isOne, _elapsed);

    /// <summary>The model, as the client wrote it; set by <see cref="CheckWhole"/>.</summary>
    private string Name { get; set; } = "";

    protected override ApiError? Read(string name, JsonElement value)
    {
        switch (name)
        {
            case "input" when !_isOne:
                return ReadInput(value);
            case "prompt" when _isOne:
                return Add(value, name);
            case "dimensions" when !_isOne:
                ApiError? error = Parameters.ReadInteger(value, name, 1, InferenceLimits.EmbeddingValuesMax, out long dimensions);
                _dimensions = (int)dimensions;
                return error;
            case "truncate" when !_isOne:
                return Parameters.ReadBoolean(value, name, out _);
            case "options" or "keep_alive":
                return null;
            default:
                return ApiError.Unknown(name);
        }
    }

    protected override ApiError? CheckWhole()
    {
        Name = Generate.Model;
        Generate.Model = OllamaNames.Resolve(Name, _models);
        Generate.Embedding = new EmbeddingTask { Inputs = { _inputs } };
        return _inputs.Count == 0 ? ApiError.Missing(LargeParam) : null;
    }

    private ApiError? ReadInput(JsonElement value)
    {
        const string Param = "input";
        if (value.ValueKind != JsonValueKind.Array)
        {
            return Add(value, Param);
        }

        if (value.GetArrayLength() > InferenceLimits.EmbeddingInputsMax)
        {
            return ApiError.TooLong(Param, "array", InferenceLimits.EmbeddingInputsMax);
        }

        foreach (JsonElement item in value.EnumerateArray())
        {
            if (Add(item, Parameters.At(Param, _inputs.Count)) is { } error)
            {
                return error;
            }
        }

        return _inputs.Count == 0 ? ApiError.Empty(Param, "array") : null;
    }

    private ApiError? Add(JsonElement value, string param)
    {
        ApiError? error = Parameters.ReadString(value, param, int.MaxValue, out string text);
        _inputs.Add(new TextInput { Text = text, IsPlain = true });
        return error;
    }
}
