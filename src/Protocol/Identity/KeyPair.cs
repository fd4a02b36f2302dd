using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Identity;

/// <summary>A P-256 key pair: D || X || Y, 96 bytes in pinned memory that disposal overwrites with zeros.</summary>
/// <remarks>
/// All three parts are given because not every platform derives the public half from the private one.
/// Importing proves that the point lies on the curve.
/// </remarks>
public sealed class KeyPair : IDisposable
{
    public const int Size = UInt256.Size + PublicKey.Size;

    private readonly byte[] _bytes = GC.AllocateArray<byte>(Size, pinned: true);
    private readonly ECDiffieHellman _agreement;
    private bool _disposed;

    private KeyPair(ReadOnlySpan<byte> bytes, ECDiffieHellman agreement)
    {
        bytes.CopyTo(_bytes);
        _agreement = agreement;
        _ = PublicKey.TryRead(bytes[UInt256.Size..], out PublicKey key);
        PublicKey = key;
    }

    public PublicKey PublicKey { get; }

    /// <summary>D || X || Y; valid until disposal.</summary>
    internal ReadOnlySpan<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _bytes;
        }
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
            keyPair = new KeyPair(bytes, ECDiffieHellman.Create(parameters));
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
            CryptographicOperations.ZeroMemory(_bytes);
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

    internal byte[] ExportPkcs8()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _agreement.ExportPkcs8PrivateKey();
    }
}
