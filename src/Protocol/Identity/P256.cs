using System;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Identity;

/// <summary>Translates between this protocol's key bytes and the base library's parameters.</summary>
internal static class P256
{
    /// <summary>D || X || Y as parameters; D lies in pinned memory that the caller overwrites with zeros.</summary>
    internal static ECParameters ToParameters(ReadOnlySpan<byte> keyPair)
    {
        byte[] d = GC.AllocateArray<byte>(UInt256.Size, pinned: true);
        keyPair[..UInt256.Size].CopyTo(d);
        return new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d, Q = ToPoint(keyPair[UInt256.Size..]) };
    }

    internal static ECParameters ToParameters(PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        key.Write(bytes);
        return new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = ToPoint(bytes) };
    }

    /// <exception cref="CryptographicException">The point is none of P-256.</exception>
    internal static PublicKey ToKey(ECPoint point) => point is { X.Length: UInt256.Size, Y.Length: UInt256.Size }
        ? new PublicKey(UInt256.Read(point.X), UInt256.Read(point.Y))
        : throw new CryptographicException("A point of P-256 has two coordinates of 32 bytes.");

    private static ECPoint ToPoint(ReadOnlySpan<byte> key) =>
        new() { X = key[..UInt256.Size].ToArray(), Y = key[UInt256.Size..].ToArray() };
}
