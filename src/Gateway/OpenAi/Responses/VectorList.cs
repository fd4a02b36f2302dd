using System;
using System.Collections.Generic;
using System.Globalization;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Collects the vectors of a request's inputs.</summary>
/// <param name="dimensions">How many numbers of each vector are kept; 0: all.</param>
internal sealed class VectorList(int inputs, int dimensions)
{
    private readonly List<float[]> _vectors = [];

    public int Count => _vectors.Count;

    /// <summary>More numbers are asked for than the model's vectors have.</summary>
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

    /// <summary>The first numbers of a vector, at length 1 again.</summary>
    public float[] Shortened(int index)
    {
        float[] vector = _vectors[index];
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
        for (int place = 0; place < kept.Length; place++)
        {
            kept[place] *= scale;
        }

        return kept;
    }
}
