using System;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Protocol.Tests;

/// <summary>Key pairs for tests: fixed ones from private keys, or fresh ones.</summary>
internal static class TestKeys
{
    internal static byte[] FreshBytes()
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return ToBytes(key.ExportParameters(includePrivateParameters: true));
    }

    internal static KeyPair Fresh() => Import(FreshBytes());

    internal static PeerIdentity FreshIdentity() => PeerIdentity.FromKeyPair(FreshBytes());

    internal static KeyPair Import(ReadOnlySpan<byte> bytes) =>
        KeyPair.TryImport(bytes, out KeyPair? keyPair) ? keyPair : throw new ArgumentException("not a key pair", nameof(bytes));

    internal static byte[] ToBytes(ECParameters parameters) =>
        [.. parameters.D!, .. parameters.Q.X!, .. parameters.Q.Y!];
}
