using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Collects vectors and writes them in OpenAI's form.</summary>
/// <param name="dimensions">How many numbers of each vector are kept; 0: all.</param>
internal sealed class EmbeddingsReply(string model, int inputs, int dimensions, bool base64) : IGenerationReply
{
    private readonly List<float[]> _vectors = [];

    public ApiError? Error => _vectors.Exists(vector => dimensions > vector.Length)
        ? ApiError.Invalid(
            string.Create(CultureInfo.InvariantCulture, $"Invalid 'dimensions': the model's vectors have {_vectors[0].Length} numbers."),
            "dimensions",
            "integer_above_max_value")
        : null;

    public bool TryAdd(NodeResponse response)
    {
        if (response.BodyCase == NodeResponse.BodyOneofCase.Embedding)
        {
            _vectors.Add([.. response.Embedding.Values]);
            return _vectors.Count <= inputs;
        }

        // The end of the one choice: every input has its vector by then.
        return response.BodyCase == NodeResponse.BodyOneofCase.ChoiceEnd && _vectors.Count == inputs;
    }

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        for (int index = 0; index < _vectors.Count; index++)
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "embedding"u8);
            json.WriteNumber("index"u8, index);
            WriteVector(json, Shorten(_vectors[index]));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("model"u8, model);
        CompletionParts.WritePromptUsage(json, end.Usage ?? new Usage());
        json.WriteEndObject();
    }

    private void WriteVector(Utf8JsonWriter json, ReadOnlySpan<float> vector)
    {
        if (base64)
        {
            byte[] bytes = new byte[vector.Length * sizeof(float)];
            for (int index = 0; index < vector.Length; index++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(index * sizeof(float)), vector[index]);
            }

            json.WriteBase64String("embedding"u8, bytes);
            return;
        }

        json.WriteStartArray("embedding"u8);
        foreach (float value in vector)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    /// <summary>The first numbers of a vector, at length 1 again.</summary>
    private float[] Shorten(float[] vector)
    {
        if (dimensions == 0 || dimensions >= vector.Length)
        {
            return vector;
        }

        float[] kept = vector[..dimensions];
        double sum = 0;
        foreach (float value in kept)
        {
            sum += (double)value * value;
        }

        float scale = sum > 0 ? (float)(1 / Math.Sqrt(sum)) : 0;
        for (int index = 0; index < kept.Length; index++)
        {
            kept[index] *= scale;
        }

        return kept;
    }
}
