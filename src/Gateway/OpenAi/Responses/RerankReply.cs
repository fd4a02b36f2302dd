using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Ranks documents by their vectors: the first vector is the query's.</summary>
/// <param name="top">How many are told; null: all.</param>
internal sealed class RerankReply(string model, IReadOnlyList<string> documents, int? top, bool returnsDocuments) : IGenerationReply
{
    private readonly List<Embedding> _vectors = [];

    public bool TryAdd(NodeResponse response)
    {
        if (response.BodyCase == NodeResponse.BodyOneofCase.Embedding)
        {
            _vectors.Add(response.Embedding);
            return _vectors.Count <= documents.Count + 1 && response.Embedding.Values.Count == _vectors[0].Values.Count;
        }

        return response.BodyCase == NodeResponse.BodyOneofCase.ChoiceEnd && _vectors.Count == documents.Count + 1;
    }

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        json.WriteString("model"u8, model);
        json.WriteString("object"u8, "list"u8);
        CompletionParts.WritePromptUsage(json, end.Usage ?? new Usage());
        json.WriteStartArray("results"u8);
        var ranked = Enumerable.Range(0, documents.Count)
            .Select(index => (Index: index, Score: Cosine(_vectors[0], _vectors[index + 1])))
            .OrderByDescending(static document => document.Score)
            .ThenBy(static document => document.Index)
            .Take(top ?? documents.Count);
        foreach ((int index, double score) in ranked)
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, index);
            json.WriteNumber("relevance_score"u8, score);
            if (returnsDocuments)
            {
                json.WriteStartObject("document"u8);
                json.WriteString("text"u8, documents[index]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The vectors have length 1.</summary>
    private static double Cosine(Embedding first, Embedding second) =>
        first.Values.Zip(second.Values, static (a, b) => (double)a * b).Sum();
}
