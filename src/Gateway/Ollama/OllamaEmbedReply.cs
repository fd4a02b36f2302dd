using System;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Collects vectors and writes them in Ollama's form.</summary>
/// <param name="isOne">The older form, which holds one vector and nothing else.</param>
internal sealed class OllamaEmbedReply(string model, int inputs, int dimensions, bool isOne, Func<TimeSpan> elapsed) : IGenerationReply
{
    private readonly VectorList _vectors = new(inputs, dimensions);

    public ApiError? Error => _vectors.Error;

    public bool TryAdd(NodeResponse response) => _vectors.TryAdd(response);

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        if (isOne)
        {
            json.WritePropertyName("embedding"u8);
            WriteVector(json, _vectors.Shortened(0));
            json.WriteEndObject();
            return;
        }

        json.WriteString("model"u8, model);
        json.WriteStartArray("embeddings"u8);
        for (int index = 0; index < inputs; index++)
        {
            WriteVector(json, _vectors.Shortened(index));
        }

        json.WriteEndArray();
        json.WriteNumber("total_duration"u8, (long)elapsed().TotalNanoseconds);
        json.WriteNumber("load_duration"u8, 0);
        json.WriteNumber("prompt_eval_count"u8, end.Usage?.PromptTokens ?? 0);
        json.WriteEndObject();
    }

    private static void WriteVector(Utf8JsonWriter json, ReadOnlySpan<float> vector)
    {
        json.WriteStartArray();
        foreach (float value in vector)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }
}
