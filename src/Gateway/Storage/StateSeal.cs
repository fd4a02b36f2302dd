using System;
using System.Security.Cryptography;
using System.Text;

namespace Darkbloom.Gateway.Storage;

/// <summary>Encrypts what is kept, under a key for each owner of states.</summary>
/// <remarks>
/// What is kept for a client in memory has the client's own API key as its owner: no other client opens it, and whoever
/// guesses a name finds a state that doesn't open, which is as good as none. What is kept on disk is its file's own.
/// </remarks>
/// <param name="secret">The other half of every key.</param>
internal sealed class StateSeal(byte[] secret)
{
    public const int SecretBytes = 32;

    /// <summary>How much longer a sealed state is.</summary>
    public const int OverheadBytes = NonceBytes + TagBytes;

    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int OwnerTagBytes = 16;

    /// <summary>A seal whose states end with this process.</summary>
    public static StateSeal Draw() => new(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <param name="owner">Whoever may open the state again.</param>
    /// <param name="name">What the state is kept as: another one's state doesn't open in its place.</param>
    public byte[] Seal(string owner, string name, ReadOnlySpan<byte> state)
    {
        byte[] sealedState = new byte[state.Length + OverheadBytes];
        Span<byte> nonce = sealedState.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using AesGcm cipher = Open(owner);
        cipher.Encrypt(
            nonce, state, sealedState.AsSpan(NonceBytes, state.Length), sealedState.AsSpan(NonceBytes + state.Length), Encoding.UTF8.GetBytes(name));
        return sealedState;
    }

    /// <summary>The state, or null when it is another owner's, has another name, or was changed.</summary>
    public byte[]? TryOpen(string owner, string name, ReadOnlySpan<byte> sealedState)
    {
        if (sealedState.Length < OverheadBytes)
        {
            return null;
        }

        byte[] state = new byte[sealedState.Length - OverheadBytes];
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

    /// <summary>A name for an owner, by which its states are found; it says nothing of the owner.</summary>
    public string TagOf(string owner)
    {
        Span<byte> tag = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes("owner " + owner), tag);
        return Convert.ToHexStringLower(tag[..OwnerTagBytes]);
    }

    private AesGcm Open(string owner)
    {
        Span<byte> key = stackalloc byte[SecretBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: [], info: Encoding.UTF8.GetBytes(owner));
        AesGcm cipher = new(key, TagBytes);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }
}
