using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Identity;

/// <summary>A P-256 key pair, which the base library holds until disposal.</summary>
/// <remarks>
/// It is imported as D || X || Y, because not every platform derives the public half from the private one.
/// Importing proves that the point lies on the curve, which costs as much as an agreement.
/// </remarks>
public sealed class KeyPair : IDisposable
{
    public const int Size = UInt256.Size + PublicKey.Size;

    private readonly ECDiffieHellman _agreement;
    private bool _disposed;

    private KeyPair(PublicKey key, ECDiffieHellman agreement)
    {
        PublicKey = key;
        _agreement = agreement;
    }

    public PublicKey PublicKey { get; }

    /// <summary>Takes over what the base library has just made, and so needs no proof.</summary>
    /// <param name="made">A key pair of P-256, this object's from now on.</param>
    public static KeyPair Own(ECDiffieHellman made)
    {
        ArgumentNullException.ThrowIfNull(made);
        return new KeyPair(P256.ToKey(made.ExportParameters(includePrivateParameters: false).Q), made);
    }

    /// <summary>False for anything that is not a private key of P-256 with its own public point.</summary>
    public static bool TryImport(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out KeyPair? keyPair)
    {
        keyPair = null;
        if (bytes.Length != Size)
        {
            return false;
        }

        ECParameters parameters = P256.ToParameters(bytes);
        try
        {
            keyPair = new KeyPair(P256.ToKey(parameters.Q), ECDiffieHellman.Create(parameters));
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _agreement.Dispose();
        }
    }

    public override string ToString() => PublicKey.ToString();

    /// <summary>Writes the X coordinate of the shared point, 32 bytes, to <paramref name="secret"/>.</summary>
    internal bool TryAgree(CurvePoint peer, Span<byte> secret)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        byte[]? raw = null;
        try
        {
            raw = _agreement.DeriveRawSecretAgreement(peer.Imported);
            raw.CopyTo(secret);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(raw);
        }
    }

    /// <summary>Signs what a label and a body say together.</summary>
    internal void Sign(ReadOnlySpan<byte> label, ReadOnlySpan<byte> body, Span<byte> signature)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ECParameters parameters = _agreement.ExportParameters(includePrivateParameters: true);
        try
        {
            using ECDsa signer = ECDsa.Create(parameters);
            LowSignature.Sign(signer, label, body).CopyTo(signature);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }

    internal byte[] ExportPkcs8()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _agreement.ExportPkcs8PrivateKey();
    }
}
