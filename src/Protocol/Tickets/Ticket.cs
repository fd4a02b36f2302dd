using System;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
namespace Darkbloom.Protocol.Tickets;

public enum TrustTier { Self = 1, Device = 2, App = 3 }
/// <summary>A membership ticket as its issuer states it.</summary>
public sealed record Ticket(string Network, UInt128 Serial, UnixTime NotBefore, UnixTime NotAfter, PublicKey Holder, PublicKey ReceiptKey, PeerRoles Roles, TrustTier Tier, ReadOnlyMemory<byte> EvidenceHash);
public enum TicketVerdict { Valid, Malformed, BadSignature, UnknownSigner, NotYetValid, Expired, LifetimeTooLong, WrongNetwork, WrongHolder, Revoked }
/// <summary>A ticket that verified; there is no other way to make one.</summary>
public sealed class VerifiedTicket
{
    private VerifiedTicket() { }
    public Ticket Ticket => throw new NotImplementedException();
    public ReadOnlyMemory<byte> Envelope => throw new NotImplementedException();
}
public sealed class TicketVerifier(string network)
{
    public string Network => network;
    public void Trust(PublicKey ticketKey) => throw new NotImplementedException();
    public TicketVerdict Verify(ReadOnlySpan<byte> envelope, PublicKey holder, UnixTime now, out VerifiedTicket? ticket) => throw new NotImplementedException();
}
public sealed class TicketSigner : IDisposable
{
    public PublicKey PublicKey => throw new NotImplementedException();
    public static TicketSigner Import(ReadOnlySpan<byte> pkcs8) => throw new NotImplementedException();
    public byte[] Sign(Ticket ticket) => throw new NotImplementedException();
    public void Dispose() { }
}
