using System;
using System.Security.Cryptography;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Hosting;

/// <summary>The system's random numbers.</summary>
public sealed class SystemEntropy : IEntropy
{
    private SystemEntropy()
    {
    }

    public static SystemEntropy Instance { get; } = new();

    public void Fill(Span<byte> target) => RandomNumberGenerator.Fill(target);

    public KeyPair CreateKeyPair()
    {
        using ECDiffieHellman made = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        ECParameters parameters = made.ExportParameters(includePrivateParameters: true);
        Span<byte> bytes = stackalloc byte[KeyPair.Size];
        try
        {
            parameters.D!.CopyTo(bytes);
            parameters.Q.X!.CopyTo(bytes[UInt256.Size..]);
            parameters.Q.Y!.CopyTo(bytes[(2 * UInt256.Size)..]);
            return KeyPair.TryImport(bytes, out KeyPair? keyPair)
                ? keyPair
                : throw new CryptographicException("The system made a key pair that is none.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }
}
