using System;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Handshake;

/// <summary>What a handshake leaves behind: one secret for each direction and the hash of all that was said.</summary>
public sealed class SessionKeys : IDisposable
{
    private const int SecretSize = CipherState.KeySize;

    private readonly byte[] _bytes = GC.AllocateArray<byte>((2 * SecretSize) + SymmetricState.HashSize, pinned: true);

    private SessionKeys()
    {
    }

    /// <summary>The same 32 bytes on both sides and on no other session: what a signature binds a channel by.</summary>
    public ReadOnlySpan<byte> HandshakeHash => _bytes.AsSpan(2 * SecretSize);

    internal ReadOnlySpan<byte> SendSecret => _bytes.AsSpan(0, SecretSize);

    internal ReadOnlySpan<byte> ReceiveSecret => _bytes.AsSpan(SecretSize, SecretSize);

    internal static SessionKeys ForInitiator(SymmetricState state)
    {
        SessionKeys keys = new();
        state.Split(keys._bytes.AsSpan(0, SecretSize), keys._bytes.AsSpan(SecretSize, SecretSize));
        state.Hash.CopyTo(keys._bytes.AsSpan(2 * SecretSize));
        return keys;
    }

    internal static SessionKeys ForResponder(SymmetricState state)
    {
        SessionKeys keys = new();
        state.Split(keys._bytes.AsSpan(SecretSize, SecretSize), keys._bytes.AsSpan(0, SecretSize));
        state.Hash.CopyTo(keys._bytes.AsSpan(2 * SecretSize));
        return keys;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);
}
