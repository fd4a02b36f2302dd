using System;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Identity;

/// <summary>Reads a P-256 private key from PKCS#8 into this protocol's D || X || Y form.</summary>
internal static class Pkcs8
{
    /// <exception cref="ArgumentException">The bytes are no PKCS#8 key of P-256.</exception>
    internal static void Decode(ReadOnlySpan<byte> pkcs8, Span<byte> keyPair)
    {
        using ECDiffieHellman key = ECDiffieHellman.Create();
        ECParameters parameters = default;
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out int read);
            parameters = key.ExportParameters(includePrivateParameters: true);
            if (read != pkcs8.Length || parameters.Curve.Oid?.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
            {
                throw new ArgumentException("The key is not a P-256 private key.", nameof(pkcs8));
            }

            parameters.D.CopyTo(keyPair);
            parameters.Q.X.CopyTo(keyPair[UInt256.Size..]);
            parameters.Q.Y.CopyTo(keyPair[(2 * UInt256.Size)..]);
        }
        catch (CryptographicException exception)
        {
            throw new ArgumentException("The bytes are not a PKCS#8 private key.", nameof(pkcs8), exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }
}
