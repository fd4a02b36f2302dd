using System;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Identity;

/// <summary>A peer's static key pair; the base library holds the private half until disposal.</summary>
public sealed class PeerIdentity : IDisposable
{
    private PeerIdentity(KeyPair keyPair)
    {
        KeyPair = keyPair;
        Id = PeerId.Of(keyPair.PublicKey);
    }

    public PublicKey PublicKey => KeyPair.PublicKey;

    public PeerId Id { get; }

    internal KeyPair KeyPair { get; }

    /// <summary>Imports a PKCS#8 PrivateKeyInfo (DER) of P-256.</summary>
    /// <exception cref="ArgumentException">The bytes are no such key.</exception>
    public static PeerIdentity Import(ReadOnlySpan<byte> pkcs8)
    {
        byte[] keyPair = GC.AllocateArray<byte>(KeyPair.Size, pinned: true);
        try
        {
            Pkcs8.Decode(pkcs8, keyPair);
            return FromKeyPair(keyPair);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keyPair);
        }
    }

    /// <summary>Wraps a copy of D || X || Y, 96 bytes.</summary>
    /// <exception cref="ArgumentException">The bytes are no P-256 key pair.</exception>
    public static PeerIdentity FromKeyPair(ReadOnlySpan<byte> keyPair) =>
        KeyPair.TryImport(keyPair, out KeyPair? imported)
            ? new PeerIdentity(imported)
            : throw new ArgumentException("The bytes are not a P-256 key pair.", nameof(keyPair));

    /// <summary>The key as PKCS#8; the caller overwrites the array once it is stored.</summary>
    public byte[] ExportPkcs8() => KeyPair.ExportPkcs8();

    public void Dispose() => KeyPair.Dispose();

    public override string ToString() => Id.ToString();
}
