using System;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations;

/// <summary>Keys and ids from a seed: reproducible, hence worthless outside a simulation.</summary>
public sealed class SeededEntropy(Prng prng) : IEntropy
{
    public void Fill(Span<byte> target)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        while (!target.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, prng.NextUInt64());
            int length = Math.Min(word.Length, target.Length);
            word[..length].CopyTo(target);
            target = target[length..];
        }
    }

    public KeyPair CreateKeyPair()
    {
        Span<byte> bytes = stackalloc byte[KeyPair.Size];
        WriteKeyPair(bytes);
        return KeyPair.TryImport(bytes, out KeyPair? keyPair)
            ? keyPair
            : throw new CryptographicException("A scalar below the order gave no key pair.");
    }

    public PeerIdentity CreateIdentity()
    {
        Span<byte> bytes = stackalloc byte[KeyPair.Size];
        WriteKeyPair(bytes);
        return PeerIdentity.FromKeyPair(bytes);
    }

    /// <summary>Leaves the scalar's first byte zero, which puts it below the order of the curve.</summary>
    private void WriteKeyPair(Span<byte> target)
    {
        byte[] scalar = new byte[UInt256.Size];
        Fill(scalar.AsSpan(1));
        using ECDiffieHellman derived = ECDiffieHellman.Create(
            new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = scalar });
        ECParameters parameters = derived.ExportParameters(includePrivateParameters: true);
        parameters.D.CopyTo(target);
        parameters.Q.X.CopyTo(target[UInt256.Size..]);
        parameters.Q.Y.CopyTo(target[(2 * UInt256.Size)..]);
    }
}
