using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>The body of <c>POST /v1/embeddings</c>.</summary>
internal sealed class EmbeddingsTask : TextTask
{
    private List<TextInput> _inputs = [];
    private bool _base64;
    private int _dimensions;

    public EmbeddingsTask(JsonElement body)
    {
        Error = ReadAll(body);
    }

    public override string LargeParam => "input";

    public override IGenerationReply NewReply() => new EmbeddingsReply(Generate.Model, _inputs.Count, _dimensions, _base64);

    protected override ApiError? Read(string name, JsonElement value)
    {
        switch (name)
        {
            case "input":
                return TextInputs.Read(value, name, InferenceLimits.EmbeddingInputsMax, out _inputs);
            case "encoding_format":
                ApiError? formatError = Parameters.ReadString(value, name, out string format);
                _base64 = format == "base64";
                return formatError ?? (format is "float" or "base64" ? null : ApiError.InvalidValue(name, format, "'float' and 'base64'"));
            case "dimensions":
                ApiError? error = Parameters.ReadInteger(value, name, 1, InferenceLimits.EmbeddingValuesMax, out long dimensions);
                _dimensions = (int)dimensions;
                return error;
            case "user":
                return Parameters.ReadString(value, name, HarmlessFields.LabelCharsMax, out _);
            default:
                return ApiError.Unknown(name);
        }
    }

    protected override ApiError? CheckWhole()
    {
        if (_inputs.Count == 0)
        {
            return ApiError.Missing("input");
        }

        foreach (TextInput input in _inputs)
        {
            if (input.Text.Length == 0 && input.Tokens.Count == 0)
            {
                return ApiError.Empty("input", "string");
            }

            input.IsPlain = true;
        }

        Generate.Embedding = new EmbeddingTask { Inputs = { _inputs } };
        return null;
    }
}
