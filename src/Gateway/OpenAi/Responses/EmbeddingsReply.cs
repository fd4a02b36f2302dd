using System;
using System.Buffers.Binary;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Collects vectors and writes them in OpenAI's form.</summary>
/// <param name="dimensions">How many numbers of each vector are kept; 0: all.</param>
internal sealed class EmbeddingsReply(string model, int inputs, int dimensions, bool base64) : IGenerationReply
{
    private readonly VectorList _vectors = new(inputs, dimensions);

    public ApiError? Error => _vectors.Error;

    public bool TryAdd(NodeResponse response) => _vectors.TryAdd(response);

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
            WriteVector(json, _vectors.Shortened(index));
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
}
