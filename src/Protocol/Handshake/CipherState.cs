using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Handshake;

/// <summary>Noise's CipherState over AES-256-GCM: a key and the number of times it was used.</summary>
internal sealed class CipherState : IDisposable
{
    internal const int KeySize = 32;
    internal const int TagSize = 16;
    private const int NonceSize = 12;

    private readonly byte[] _key = GC.AllocateArray<byte>(KeySize, pinned: true);
    private ulong _nonce;

    internal bool HasKey { get; private set; }

    internal void Initialize(ReadOnlySpan<byte> key)
    {
        key.CopyTo(_key);
        _nonce = 0;
        HasKey = true;
    }

    internal void CopyFrom(CipherState source)
    {
        source._key.CopyTo(_key, 0);
        _nonce = source._nonce;
        HasKey = source.HasKey;
    }

    /// <summary>Writes the ciphertext and its tag; without a key, the plaintext as it is.</summary>
    internal int Encrypt(ReadOnlySpan<byte> associated, ReadOnlySpan<byte> plaintext, Span<byte> target)
    {
        if (!HasKey)
        {
            plaintext.CopyTo(target);
            return plaintext.Length;
        }

        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(nonce);
        using AesGcm aead = new(_key, TagSize);
        aead.Encrypt(nonce, plaintext, target[..plaintext.Length], target.Slice(plaintext.Length, TagSize), associated);
        _nonce++;
        return plaintext.Length + TagSize;
    }

    /// <summary>Writes the plaintext; false, and no use of the nonce, when the tag does not fit.</summary>
    internal bool TryDecrypt(
        ReadOnlySpan<byte> associated, ReadOnlySpan<byte> ciphertext, Span<byte> target, out int written)
    {
        written = 0;
        if (!HasKey)
        {
            written = ciphertext.Length;
            return ciphertext.TryCopyTo(target);
        }

        int length = ciphertext.Length - TagSize;
        if (length < 0 || target.Length < length)
        {
            return false;
        }

        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(nonce);
        using AesGcm aead = new(_key, TagSize);
        try
        {
            aead.Decrypt(nonce, ciphertext[..length], ciphertext[length..], target[..length], associated);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        _nonce++;
        written = length;
        return true;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);

    /// <summary>Noise's AESGCM nonce: 32 zero bits, then the counter in big-endian order.</summary>
    private void WriteNonce(Span<byte> nonce)
    {
        Debug.Assert(_nonce != ulong.MaxValue, "Noise reserves the last nonce");
        nonce[..4].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], _nonce);
    }
}
