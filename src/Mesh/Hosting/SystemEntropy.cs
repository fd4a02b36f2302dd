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

    public KeyPair CreateKeyPair() => KeyPair.Own(ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256));
}
