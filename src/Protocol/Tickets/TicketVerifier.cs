using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Protocol.Tickets;

/// <summary>Whom this peer believes about membership: the keys it trusts and what was revoked since.</summary>
/// <remarks>It asks nobody: a ticket is verified offline, so the mesh goes on while its issuer is away.</remarks>
public sealed class TicketVerifier(string network)
{
    public const int TrustedKeysMax = 16;
    public const int RevocationsMax = 65_536;

    private readonly List<TrustedKey> _trusted = [];
    private readonly HashSet<UInt128> _revokedSerials = [];
    private readonly HashSet<PublicKey> _revokedHolders = [];

    public string Network => network;

    /// <summary>
    /// Believes this key from now on; false when it is no point of the curve or the limit is reached.
    /// </summary>
    public bool Trust(PublicKey ticketKey)
    {
        if (_trusted.Exists(trusted => trusted.Key == ticketKey))
        {
            return true;
        }

        if (_trusted.Count == TrustedKeysMax)
        {
            return false;
        }

        try
        {
            _trusted.Add(new TrustedKey(ticketKey, ECDsa.Create(P256.ToParameters(ticketKey))));
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Believes nothing that this key signed any more.</summary>
    public void Distrust(PublicKey ticketKey) => _trusted.RemoveAll(trusted => trusted.Key == ticketKey);

    /// <summary>Refuses one ticket; false when the limit is reached.</summary>
    public bool RevokeSerial(UInt128 serial) =>
        _revokedSerials.Contains(serial) || (_revokedSerials.Count < RevocationsMax && _revokedSerials.Add(serial));

    /// <summary>Refuses every ticket of a static key; false when the limit is reached.</summary>
    public bool RevokeHolder(PublicKey holder) =>
        _revokedHolders.Contains(holder) || (_revokedHolders.Count < RevocationsMax && _revokedHolders.Add(holder));

    /// <summary>Judges the ticket that the holder of a static key presents.</summary>
    /// <param name="envelope">The ticket as it arrived.</param>
    /// <param name="holder">The key that the session's handshake has proven.</param>
    /// <param name="now">This peer's wall clock.</param>
    /// <param name="ticket">The proof of a <see cref="TicketVerdict.Valid"/> verdict, else null.</param>
    public TicketVerdict Verify(
        ReadOnlySpan<byte> envelope, PublicKey holder, UnixTime now, out VerifiedTicket? ticket) =>
        VerifiedTicket.Prove(this, envelope, holder, now, out ticket);

    /// <summary>Everything that can be judged without a signature.</summary>
    internal TicketVerdict JudgeStatements(Ticket ticket, PublicKey holder, UnixTime now)
    {
        TimeSpan skew = TimeSpan.FromSeconds(Ticket.ClockSkewSecondsMax);
        if (!string.Equals(ticket.Network, network, StringComparison.Ordinal))
        {
            return TicketVerdict.WrongNetwork;
        }

        if (ticket.Holder != holder)
        {
            return TicketVerdict.WrongHolder;
        }

        if ((ticket.NotAfter - ticket.NotBefore).TotalSeconds > Ticket.LifetimeSecondsMax)
        {
            return TicketVerdict.LifetimeTooLong;
        }

        if (now + skew < ticket.NotBefore)
        {
            return TicketVerdict.NotYetValid;
        }

        if (now >= ticket.NotAfter + skew)
        {
            return TicketVerdict.Expired;
        }

        return _revokedSerials.Contains(ticket.Serial) || _revokedHolders.Contains(ticket.Holder)
            ? TicketVerdict.Revoked
            : TicketVerdict.Valid;
    }

    /// <summary>Valid when a trusted key signed; signers that this peer doesn't know count for nothing.</summary>
    internal TicketVerdict JudgeSignatures(TicketEnvelope envelope)
    {
        TicketVerdict verdict = TicketVerdict.UnknownSigner;
        for (int i = 0; i < envelope.SignatureCount; i++)
        {
            foreach (TrustedKey trusted in _trusted)
            {
                if (!trusted.HasId(envelope.KeyId(i)))
                {
                    continue;
                }

                if (TicketSignature.IsValid(trusted.Imported, envelope.Body, envelope.Signature(i)))
                {
                    return TicketVerdict.Valid;
                }

                verdict = TicketVerdict.BadSignature;
            }
        }

        return verdict;
    }

    /// <summary>A public key imported once; its handle is freed by its finalizer, there is nothing to zero.</summary>
    private sealed class TrustedKey
    {
        private readonly byte[] _id = new byte[TicketEnvelope.KeyIdSize];

        internal TrustedKey(PublicKey key, ECDsa imported)
        {
            Key = key;
            Imported = imported;
            TicketKeyId.Write(key, _id);
        }

        internal PublicKey Key { get; }

        internal ECDsa Imported { get; }

        internal bool HasId(ReadOnlySpan<byte> id) => id.SequenceEqual(_id);
    }
}
