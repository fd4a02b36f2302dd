using System.Collections.Generic;

namespace Darkbloom.Node.Models;

/// <summary>What the header of a GGUF file says; the weights aren't read.</summary>
/// <param name="Metadata">Strings as <see cref="string"/>, numbers as <see cref="long"/>, <see cref="ulong"/> or
/// <see cref="double"/>, flags as <see cref="bool"/>, arrays as their <see cref="GgufArray"/> length.</param>
public sealed record GgufFile(
    uint Version, IReadOnlyDictionary<string, object> Metadata, IReadOnlyList<GgufTensor> Tensors, long WeightsOffset)
{
    public string Architecture => Metadata.GetValueOrDefault("general.architecture") as string ?? "";

    /// <summary>Tokens that the model was trained to look back on; zero when the file doesn't say.</summary>
    public long ContextTokens => Number($"{Architecture}.context_length");

    public ulong Parameters
    {
        get
        {
            ulong sum = 0;
            foreach (GgufTensor tensor in Tensors)
            {
                sum += tensor.Elements;
            }

            return sum;
        }
    }

    /// <summary>Made to turn texts into vectors: it looks in both directions, or says how its outputs are pooled.</summary>
    public bool EmbedsOnly =>
        Metadata.GetValueOrDefault($"{Architecture}.attention.causal") is false || Number($"{Architecture}.pooling_type") > 0;

    private long Number(string key) => Metadata.GetValueOrDefault(key) switch
    {
        long value => value,
        ulong value when value <= long.MaxValue => (long)value,
        _ => 0,
    };
}

/// <summary>An array in the metadata, of which only the length is kept.</summary>
public readonly record struct GgufArray(ulong Length);

/// <summary>One tensor: where it lies and how many bytes it takes, zero when its type is unknown here.</summary>
public readonly record struct GgufTensor(string Name, uint Type, ulong Elements, ulong Offset, ulong Bytes);
