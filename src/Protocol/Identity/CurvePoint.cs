using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Identity;

/// <summary>
/// A public key that is proven to lie on the curve; importing is dear, so one import serves several agreements.
/// </summary>
internal sealed class CurvePoint : IDisposable
{
    private readonly ECDiffieHellman _holder;

    private CurvePoint(PublicKey key, ECDiffieHellman holder)
    {
        Key = key;
        _holder = holder;
        Imported = holder.PublicKey;
    }

    internal PublicKey Key { get; }

    internal ECDiffieHellmanPublicKey Imported { get; }

    internal static bool TryImport(PublicKey key, [NotNullWhen(true)] out CurvePoint? point)
    {
        try
        {
            point = new CurvePoint(key, ECDiffieHellman.Create(P256.ToParameters(key)));
            return true;
        }
        catch (CryptographicException)
        {
            point = null;
            return false;
        }
    }

    public void Dispose()
    {
        Imported.Dispose();
        _holder.Dispose();
    }
}
