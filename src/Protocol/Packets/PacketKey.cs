using System;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Packets;

/// <summary>One direction's cipher in one key phase, and the secret that the next phase grows from.</summary>
internal sealed class PacketKey : IDisposable
{
    internal const int TagSize = 16;
    private const int KeySize = 32;
    private const int SaltSize = 4;
    private const int NonceSize = 12;

    private readonly byte[] _secret = GC.AllocateArray<byte>(KeySize, pinned: true);
    private readonly AesGcm _aead;
    private readonly uint _salt;

    internal PacketKey(ReadOnlySpan<byte> secret)
    {
        secret.CopyTo(_secret);
        Span<byte> output = stackalloc byte[KeySize + SaltSize];
        HKDF.Expand(HashAlgorithmName.SHA256, _secret, output, "darkbloom/packet/v1 key"u8);
        _aead = new AesGcm(output[..KeySize], TagSize);
        _salt = BinaryPrimitives.ReadUInt32BigEndian(output[KeySize..]);
        CryptographicOperations.ZeroMemory(output);
    }

    internal PacketKey Next()
    {
        Span<byte> secret = stackalloc byte[KeySize];
        HKDF.Expand(HashAlgorithmName.SHA256, _secret, secret, "darkbloom/packet/v1 next"u8);
        PacketKey next = new(secret);
        CryptographicOperations.ZeroMemory(secret);
        return next;
    }

    /// <summary>The next phase's key when a new handshake brought a secret: it takes both to know it.</summary>
    internal PacketKey Next(ReadOnlySpan<byte> fresh)
    {
        Span<byte> extracted = stackalloc byte[KeySize];
        Span<byte> secret = stackalloc byte[KeySize];
        HKDF.Extract(HashAlgorithmName.SHA256, fresh, _secret, extracted);
        HKDF.Expand(HashAlgorithmName.SHA256, extracted, secret, "darkbloom/packet/v1 renewed"u8);
        PacketKey next = new(secret);
        CryptographicOperations.ZeroMemory(extracted);
        CryptographicOperations.ZeroMemory(secret);
        return next;
    }

    internal void Seal(ulong packetNumber, ReadOnlySpan<byte> header, ReadOnlySpan<byte> plaintext, Span<byte> target)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(packetNumber, nonce);
        _aead.Encrypt(nonce, plaintext, target[..plaintext.Length], target.Slice(plaintext.Length, TagSize), header);
    }

    internal bool TryOpen(
        ulong packetNumber, ReadOnlySpan<byte> header, ReadOnlySpan<byte> ciphertext, Span<byte> target)
    {
        int length = ciphertext.Length - TagSize;
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(packetNumber, nonce);
        try
        {
            _aead.Decrypt(nonce, ciphertext[..length], ciphertext[length..], target[..length], header);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_secret);
        _aead.Dispose();
    }

    /// <summary>Salt, then packet number: unique under a key because packet numbers only grow.</summary>
    private void WriteNonce(ulong packetNumber, Span<byte> nonce)
    {
        BinaryPrimitives.WriteUInt32BigEndian(nonce, _salt);
        BinaryPrimitives.WriteUInt64BigEndian(nonce[SaltSize..], packetNumber);
    }
}
