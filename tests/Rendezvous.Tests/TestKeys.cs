using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Rendezvous.Tests;

/// <summary>Fresh keys for peers and signers.</summary>
internal static class TestKeys
{
    public static PublicKey NewPublicKey()
    {
        using PeerIdentity identity = NewIdentity();
        return identity.PublicKey;
    }

    public static PeerIdentity NewIdentity() => PeerIdentity.Import(NewPkcs8());

    public static TicketSigner NewSigner() => TicketSigner.Import(NewPkcs8());

    private static byte[] NewPkcs8()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKey();
    }
}
