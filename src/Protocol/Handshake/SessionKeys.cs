using System;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Handshake;

/// <summary>What a handshake leaves behind: one secret for each direction and the hash of all that was said.</summary>
public sealed class SessionKeys : IDisposable
{
    private const int SecretSize = CipherState.KeySize;

    private readonly byte[] _pinned = GC.AllocateArray<byte>((2 * SecretSize) + SymmetricState.HashSize, pinned: true);

    private bool _disposed;

    private SessionKeys()
    {
    }

    /// <summary>The same 32 bytes on both sides and on no other session: what a signature binds a channel by.</summary>
    public ReadOnlySpan<byte> HandshakeHash => Bytes.AsSpan(2 * SecretSize);

    internal ReadOnlySpan<byte> SendSecret => Bytes.AsSpan(0, SecretSize);

    internal ReadOnlySpan<byte> ReceiveSecret => Bytes.AsSpan(SecretSize, SecretSize);

    internal static SessionKeys ForInitiator(SymmetricState state)
    {
        SessionKeys keys = new();
        state.Split(keys.Bytes.AsSpan(0, SecretSize), keys.Bytes.AsSpan(SecretSize, SecretSize));
        state.Hash.CopyTo(keys.Bytes.AsSpan(2 * SecretSize));
        return keys;
    }

    internal static SessionKeys ForResponder(SymmetricState state)
    {
        SessionKeys keys = new();
        state.Split(keys.Bytes.AsSpan(SecretSize, SecretSize), keys.Bytes.AsSpan(0, SecretSize));
        state.Hash.CopyTo(keys.Bytes.AsSpan(2 * SecretSize));
        return keys;
    }

    /// <summary>Zeros after disposal must never pass for keys.</summary>
    private byte[] Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _pinned;
        }
    }

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_pinned);
    }
}
