using System;
using System.Net;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Darkbloom.Tests.Support;

/// <summary>Issues the tickets of a test's network and starts its members, over real UDP on loopback.</summary>
internal sealed class TestNetwork : IDisposable
{
    public const string Name = "test";

    private readonly TicketSigner _signer = NewSigner();
    private UInt128 _serial;

    public Member Start(PeerRoles roles)
    {
        PeerIdentity identity = PeerIdentity.Import(NewKey());
        MeshHost host = MeshHost.Start(
            new MeshHostOptions { Network = Name, Bind = new IPEndPoint(IPAddress.Loopback, 0) }, identity, NullLoggerFactory.Instance);
        UnixTime now = new(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        TimeSpan half = TimeSpan.FromSeconds(Ticket.LifetimeSecondsMax / 2);
        host.UseTicket(_signer.Sign(new Ticket(
            Name, ++_serial, now + -half, now + half, identity.PublicKey, identity.PublicKey, roles, TrustTier.Self,
            ReadOnlyMemory<byte>.Empty)));
        _ = host.TrustTicketKey(_signer.PublicKey);
        return new Member(identity, host);
    }

    public void Dispose() => _signer.Dispose();

    private static TicketSigner NewSigner() => TicketSigner.Import(NewKey());

    private static byte[] NewKey()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKey();
    }
}

/// <summary>One member of a <see cref="TestNetwork"/>.</summary>
internal sealed class Member(PeerIdentity identity, MeshHost host) : IAsyncDisposable
{
    public MeshHost Host => host;

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        identity.Dispose();
    }
}
