using System;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Handshake;

/// <summary>
/// Noise's SymmetricState over SHA-256: the transcript hash, the chaining key and the current cipher.
/// </summary>
/// <remarks>It knows nothing of the key agreement, so vectors of other Noise suites check it too.</remarks>
internal sealed class SymmetricState : IDisposable
{
    internal const int HashSize = 32;

    private readonly byte[] _hash = GC.AllocateArray<byte>(HashSize, pinned: true);
    private readonly byte[] _chainingKey = GC.AllocateArray<byte>(HashSize, pinned: true);
    private readonly CipherState _cipher = new();

    internal SymmetricState(ReadOnlySpan<byte> protocolName)
    {
        if (protocolName.Length <= HashSize)
        {
            protocolName.CopyTo(_hash);
        }
        else
        {
            SHA256.HashData(protocolName, _hash);
        }

        _hash.CopyTo(_chainingKey, 0);
    }

    private SymmetricState(SymmetricState source)
    {
        source._hash.CopyTo(_hash, 0);
        source._chainingKey.CopyTo(_chainingKey, 0);
        _cipher.CopyFrom(source._cipher);
    }

    /// <summary>The transcript so far; after the last message it binds everything that both sides saw.</summary>
    internal ReadOnlySpan<byte> Hash => _hash;

    /// <summary>A copy to try a message on, so that a forged one leaves the original as it was.</summary>
    internal SymmetricState Clone() => new(this);

    internal void MixHash(ReadOnlySpan<byte> input)
    {
        using IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(_hash);
        sha.AppendData(input);
        sha.GetHashAndReset(_hash);
    }

    internal void MixKey(ReadOnlySpan<byte> input)
    {
        Span<byte> output = stackalloc byte[2 * HashSize];
        Derive(input, output);
        output[..HashSize].CopyTo(_chainingKey);
        _cipher.Initialize(output[HashSize..]);
        CryptographicOperations.ZeroMemory(output);
    }

    /// <summary>Mixes a pre-shared key.</summary>
    internal void MixKeyAndHash(ReadOnlySpan<byte> input)
    {
        Span<byte> output = stackalloc byte[3 * HashSize];
        Derive(input, output);
        output[..HashSize].CopyTo(_chainingKey);
        MixHash(output.Slice(HashSize, HashSize));
        _cipher.Initialize(output[(2 * HashSize)..]);
        CryptographicOperations.ZeroMemory(output);
    }

    internal int EncryptAndHash(ReadOnlySpan<byte> plaintext, Span<byte> target)
    {
        int written = _cipher.Encrypt(_hash, plaintext, target);
        MixHash(target[..written]);
        return written;
    }

    internal bool TryDecryptAndHash(ReadOnlySpan<byte> ciphertext, Span<byte> target, out int written)
    {
        if (!_cipher.TryDecrypt(_hash, ciphertext, target, out written))
        {
            return false;
        }

        MixHash(ciphertext);
        return true;
    }

    /// <summary>The two transport keys: the initiator sends with the first.</summary>
    internal void Split(Span<byte> first, Span<byte> second)
    {
        Span<byte> output = stackalloc byte[2 * HashSize];
        Derive([], output);
        output[..HashSize].CopyTo(first);
        output[HashSize..].CopyTo(second);
        CryptographicOperations.ZeroMemory(output);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_chainingKey);
        CryptographicOperations.ZeroMemory(_hash);
        _cipher.Dispose();
    }

    /// <summary>
    /// HKDF with the chaining key as salt; extracted by HMAC because OpenSSL's HKDF refuses empty input.
    /// </summary>
    private void Derive(ReadOnlySpan<byte> input, Span<byte> output)
    {
        Span<byte> extracted = stackalloc byte[HashSize];
        HMACSHA256.HashData(_chainingKey, input, extracted);
        HKDF.Expand(HashAlgorithmName.SHA256, extracted, output, default);
        CryptographicOperations.ZeroMemory(extracted);
    }
}
