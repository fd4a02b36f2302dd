using System;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Darkbloom.Simulations;

/// <summary>Folds all that happened into one value: equal seeds give equal hashes, or something undetermined crept in.</summary>
public sealed class TraceHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public void Add(long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        _hash.AppendData(bytes);
    }

    /// <summary>The number's bits: two that differ in the last place are told apart.</summary>
    public void Add(double value) => Add(BitConverter.DoubleToInt64Bits(value));

    /// <summary>The hash of everything added so far.</summary>
    public string Current => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose() => _hash.Dispose();
}
