using System;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Simulations;

/// <summary>Issues the tickets of a simulated network.</summary>
public sealed class SimTickets : IDisposable
{
    private readonly TicketSigner _signer;
    private readonly string _network;
    private UInt128 _serial;

    public SimTickets(Prng prng, string network)
    {
        using PeerIdentity identity = new SeededEntropy(prng).CreateIdentity();
        _signer = TicketSigner.Import(identity.ExportPkcs8());
        _network = network;
    }

    public PublicKey PublicKey => _signer.PublicKey;

    /// <summary>A ticket for half an hour before and after <paramref name="now"/>.</summary>
    public byte[] Issue(PublicKey holder, UnixTime now)
    {
        TimeSpan half = TimeSpan.FromSeconds(Ticket.LifetimeSecondsMax / 2);
        return _signer.Sign(new Ticket(
            _network,
            ++_serial,
            NotBefore: now + -half,
            NotAfter: now + half,
            holder,
            ReceiptKey: holder,
            PeerRoles.Node | PeerRoles.Gateway,
            TrustTier.Self,
            EvidenceHash: ReadOnlyMemory<byte>.Empty));
    }

    public void Dispose() => _signer.Dispose();
}
