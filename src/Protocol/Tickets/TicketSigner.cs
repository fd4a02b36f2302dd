using System;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Protocol.Tickets;

/// <summary>Signs tickets; it holds the one key of a network that members believe.</summary>
/// <remarks>ECDSA draws its nonce inside the operating system's library: two signatures of one ticket differ.</remarks>
public sealed class TicketSigner : IDisposable
{
    private readonly ECDsa _key;
    private readonly byte[] _keyId = new byte[TicketEnvelope.KeyIdSize];

    private TicketSigner(PublicKey publicKey, ECDsa key)
    {
        PublicKey = publicKey;
        _key = key;
        TicketKeyId.Write(publicKey, _keyId);
    }

    public PublicKey PublicKey { get; }

    /// <summary>Imports a PKCS#8 PrivateKeyInfo (DER) of P-256.</summary>
    /// <exception cref="ArgumentException">The bytes are no such key.</exception>
    public static TicketSigner Import(ReadOnlySpan<byte> pkcs8)
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

    /// <summary>Imports D || X || Y, 96 bytes.</summary>
    /// <exception cref="ArgumentException">The bytes are no P-256 key pair.</exception>
    public static TicketSigner FromKeyPair(ReadOnlySpan<byte> keyPair)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(keyPair.Length, KeyPair.Size, nameof(keyPair));
        ECParameters parameters = P256.ToParameters(keyPair);
        try
        {
            _ = PublicKey.TryRead(keyPair[UInt256.Size..], out PublicKey publicKey);
            return new TicketSigner(publicKey, ECDsa.Create(parameters));
        }
        catch (CryptographicException exception)
        {
            throw new ArgumentException("The bytes are not a P-256 key pair.", nameof(keyPair), exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }

    /// <summary>The envelope of a ticket.</summary>
    /// <exception cref="ArgumentException">No verifier could believe such a ticket.</exception>
    public byte[] Sign(Ticket ticket)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        if (!TicketBody.IsSound(ticket) || (ticket.NotAfter - ticket.NotBefore).TotalSeconds > Ticket.LifetimeSecondsMax)
        {
            throw new ArgumentException("The ticket contradicts itself or lives too long.", nameof(ticket));
        }

        return SignBody(TicketBody.Write(ticket));
    }

    public void Dispose() => _key.Dispose();

    internal byte[] SignBody(ReadOnlySpan<byte> body) =>
        TicketEnvelope.Write(body, _keyId, TicketSignature.Sign(_key, body));
}
