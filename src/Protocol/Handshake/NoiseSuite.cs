using System;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Protocol.Handshake;

/// <summary>The one suite of this protocol, Noise_IK_P256_AESGCM_SHA256 (docs/protocol.md, section 4).</summary>
internal static class NoiseSuite
{
    /// <summary>
    /// What the first message adds to its payload: the ephemeral key, the sealed static key, two tags.
    /// </summary>
    internal const int InitOverheadBytes = PublicKey.Size + PublicKey.Size + (2 * CipherState.TagSize);

    /// <summary>What the second message adds to its payload: the ephemeral key and a tag.</summary>
    internal const int ResponseOverheadBytes = PublicKey.Size + CipherState.TagSize;

    internal static ReadOnlySpan<byte> Name => "Noise_IK_P256_AESGCM_SHA256"u8;

    /// <summary>The state after the pre-message: both sides know the responder's static key.</summary>
    internal static SymmetricState Begin(ReadOnlySpan<byte> prologue, PublicKey responder)
    {
        SymmetricState state = new(Name);
        state.MixHash(prologue);
        MixPublicKey(state, responder);
        return state;
    }

    internal static void MixPublicKey(SymmetricState state, PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        key.Write(bytes);
        state.MixHash(bytes);
    }

    /// <summary>One DH token of the pattern.</summary>
    internal static bool TryMixAgreement(SymmetricState state, KeyPair own, CurvePoint peer)
    {
        Span<byte> secret = stackalloc byte[UInt256.Size];
        bool agreed = own.TryAgree(peer, secret);
        if (agreed)
        {
            state.MixKey(secret);
        }

        System.Security.Cryptography.CryptographicOperations.ZeroMemory(secret);
        return agreed;
    }
}
