using System;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Protocol.Tickets;

/// <summary>A ticket that verified; there is no other way to make one.</summary>
public sealed class VerifiedTicket
{
    private VerifiedTicket(Ticket ticket, ReadOnlyMemory<byte> envelope)
    {
        Ticket = ticket;
        Envelope = envelope;
    }

    public Ticket Ticket { get; }

    /// <summary>The bytes that verified, to hand on to others who verify for themselves.</summary>
    public ReadOnlyMemory<byte> Envelope { get; }

    internal static TicketVerdict Prove(
        TicketVerifier verifier,
        ReadOnlySpan<byte> envelope,
        PublicKey holder,
        UnixTime now,
        out VerifiedTicket? ticket)
    {
        ticket = null;
        if (!TicketEnvelope.TryRead(envelope, out TicketEnvelope parts)
            || !TicketBody.TryRead(parts.Body, out Ticket? stated))
        {
            return TicketVerdict.Malformed;
        }

        TicketVerdict verdict = verifier.JudgeStatements(stated, holder, now);
        if (verdict == TicketVerdict.Valid)
        {
            verdict = verifier.JudgeSignatures(parts);
        }

        if (verdict == TicketVerdict.Valid)
        {
            ticket = new VerifiedTicket(stated, envelope.ToArray());
        }

        return verdict;
    }
}
