using System;
using System.Security.Cryptography;
using System.Text;

namespace Darkbloom.Gateway.Responses;

/// <summary>Encrypts what is kept for a client under a key that takes the client's own API key to make.</summary>
/// <remarks>
/// The other half is a secret of this process: nothing that is kept outlives it, and no other client opens it. Whoever
/// guesses a name finds a state that doesn't open, which is as good as none.
/// </remarks>
internal sealed class StateSeal
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(KeyBytes);

    /// <param name="owner">The API key that the client presented, or empty where none is asked for.</param>
    /// <param name="name">What the state is kept as: another one's state doesn't open in its place.</param>
    public byte[] Seal(string owner, string name, ReadOnlySpan<byte> state)
    {
        byte[] sealedState = new byte[NonceBytes + state.Length + TagBytes];
        Span<byte> nonce = sealedState.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using AesGcm cipher = Open(owner);
        cipher.Encrypt(
            nonce, state, sealedState.AsSpan(NonceBytes, state.Length), sealedState.AsSpan(NonceBytes + state.Length), Encoding.UTF8.GetBytes(name));
        return sealedState;
    }

    /// <summary>The state, or null when it is another client's.</summary>
    public byte[]? TryOpen(string owner, string name, ReadOnlySpan<byte> sealedState)
    {
        byte[] state = new byte[sealedState.Length - NonceBytes - TagBytes];
        using AesGcm cipher = Open(owner);
        try
        {
            cipher.Decrypt(
                sealedState[..NonceBytes],
                sealedState.Slice(NonceBytes, state.Length),
                sealedState[(NonceBytes + state.Length)..],
                state,
                Encoding.UTF8.GetBytes(name));
            return state;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private AesGcm Open(string owner)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _secret, key, salt: [], info: Encoding.UTF8.GetBytes(owner));
        AesGcm cipher = new(key, TagBytes);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }
}
