using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>The body of <c>POST /v1/rerank</c>: documents are ranked by the angle between their vectors and the query's.</summary>
internal sealed class RerankTask : TextTask
{
    private readonly List<string> _documents = [];
    private string _query = "";
    private int? _top;
    private bool _returnsDocuments;

    public RerankTask(JsonElement body)
    {
        Error = ReadAll(body);
    }

    public override string LargeParam => "documents";

    public override IGenerationReply NewReply() => new RerankReply(Generate.Model, _documents, _top, _returnsDocuments);

    protected override ApiError? Read(string name, JsonElement value)
    {
        ApiError? error;
        switch (name)
        {
            case "query":
                error = Parameters.ReadString(value, name, out _query);
                return error ?? (_query.Length == 0 ? ApiError.Empty(name, "string") : null);
            case "documents":
                return ReadDocuments(value);
            case "top_n":
                error = Parameters.ReadInteger(value, name, 1, int.MaxValue, out long top);
                _top = (int)top;
                return error;
            case "return_documents":
                return Parameters.ReadBoolean(value, name, out _returnsDocuments);
            default:
                return ApiError.Unknown(name);
        }
    }

    protected override ApiError? CheckWhole()
    {
        if (_query.Length == 0 || _documents.Count == 0)
        {
            return ApiError.Missing(_query.Length == 0 ? "query" : "documents");
        }

        Generate.Embedding = new EmbeddingTask { Inputs = { new TextInput { Text = _query, IsPlain = true } } };
        foreach (string document in _documents)
        {
            Generate.Embedding.Inputs.Add(new TextInput { Text = document, IsPlain = true });
        }

        return null;
    }

    private ApiError? ReadDocuments(JsonElement value)
    {
        const string Param = "documents";
        if (value.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(Param, "an array of strings", Parameters.Describe(value));
        }

        int count = value.GetArrayLength();
        if (count is 0 or >= InferenceLimits.EmbeddingInputsMax)
        {
            return count == 0 ? ApiError.Empty(Param, "array") : ApiError.TooLong(Param, "array", InferenceLimits.EmbeddingInputsMax - 1);
        }

        foreach (JsonElement item in value.EnumerateArray())
        {
            string param = Parameters.At(Param, _documents.Count);
            JsonElement text = item.ValueKind == JsonValueKind.Object && item.TryGetProperty("text", out JsonElement inner) ? inner : item;
            if (Parameters.ReadString(text, param, out string document) is { } error)
            {
                return error;
            }

            if (document.Length == 0)
            {
                return ApiError.Empty(param, "string");
            }

            _documents.Add(document);
        }

        return null;
    }
}
