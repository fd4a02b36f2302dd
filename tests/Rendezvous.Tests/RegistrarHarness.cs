using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Rendezvous.Limits;
using Darkbloom.Rendezvous.Log;
using Darkbloom.Rendezvous.Tickets;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Rendezvous.Tests;

/// <summary>A registrar under virtual time, with everything it has put out.</summary>
internal sealed class RegistrarHarness : IDisposable
{
    public const string Network = "test";

    private readonly TicketSigner _signer = TestKeys.NewSigner();
    private readonly string _joinSecret;
    private readonly int _subscriptionsMax;

    public RegistrarHarness(string joinSecret = "", int subscriptionsMax = RegistrarLimits.SubscriptionsMax)
    {
        (_joinSecret, _subscriptionsMax) = (joinSecret, subscriptionsMax);
        Registrar = Create();
        Verifier.Trust(_signer.PublicKey);
    }

    public Registrar Registrar { get; private set; }

    public Instant Now { get; private set; } = new(1_000_000_000_000);

    public UnixTime UnixNow { get; private set; } = new(1_800_000_000);

    /// <summary>Everything journalled so far, over all restarts.</summary>
    public List<JournalRecord> Journal { get; } = [];

    public List<AddressedNotice> Notices { get; } = [];

    public TicketVerifier Verifier { get; } = new(Network);

    public PublicKey TicketKey => _signer.PublicKey;

    public static PeerSession NewPeer(string address = "192.0.2.1:4000") =>
        new(TestKeys.NewPublicKey(), PathAddress.From(IPEndPoint.Parse(address)));

    /// <summary>Lets time pass without telling the registrar.</summary>
    public void Sleep(TimeSpan duration)
    {
        Now += duration;
        UnixNow += duration;
    }

    /// <summary>Lets time pass and fires every timer on the way.</summary>
    public void Advance(TimeSpan duration)
    {
        Instant end = Now + duration;
        while (Registrar.NextTimeout is { } next && next <= end)
        {
            Sleep(next > Now ? next - Now : TimeSpan.FromTicks(1));
            Registrar.Timeout(Now, UnixNow);
            Drain();
        }
        Sleep(end - Now);
        Registrar.Timeout(Now, UnixNow);
        Drain();
    }

    /// <summary>A new registrar that knows what was journalled, and nothing else.</summary>
    public void Restart()
    {
        Registrar = Create();
        foreach (JournalRecord record in Journal)
        {
            Registrar.Restore(record);
        }
    }

    public RendezvousResponse Ask(PeerSession peer, RendezvousRequest request)
    {
        RendezvousResponse response = Registrar.Handle(Now, UnixNow, peer, request);
        Drain();
        return response;
    }

    public RendezvousResponse Enrol(PeerSession peer, PeerRoles roles = PeerRoles.Node, string? secret = null) =>
        Ask(peer, EnrolRequest(roles, secret ?? _joinSecret));

    public PeerSession NewMember(PeerRoles roles = PeerRoles.Node, string address = "192.0.2.1:4000")
    {
        PeerSession peer = NewPeer(address);
        Assert.NotNull(Enrol(peer, roles).Ticket);
        return peer;
    }

    public PeerSession NewListedMember(string model = "tiny", string address = "192.0.2.1:4000")
    {
        PeerSession peer = NewMember(address: address);
        AssertDone(Publish(peer, Card(peer, model: model)));
        return peer;
    }

    public Revocation Revoke(PeerSession peer, int digits = 2 * PeerId.Size) =>
        Registrar.Revoke(Now, UnixNow, Convert.ToHexString(peer.Id.ToBytes())[..digits]);

    public RendezvousResponse Publish(PeerSession peer, PeerCard card) => Ask(peer, new() { PublishCard = new PublishCard { Card = card } });

    public Directory Directory(PeerSession reader, ulong knownVersion = 0, string model = "", uint entriesMax = 0) =>
        Ask(reader, new() { Directory = new DirectoryRequest { KnownVersion = knownVersion, Model = model, EntriesMax = entriesMax } }).Directory;

    public static RendezvousRequest EnrolRequest(PeerRoles roles, string secret) =>
        new() { Enrol = new EnrolRequest { Roles = (uint)roles, JoinSecret = secret } };

    public static RendezvousRequest RenewRequest() => new() { Renew = new RenewRequest() };

    public static PeerCard Card(PeerSession peer, ulong epoch = 1, string model = "tiny") => new()
    {
        PublicKey = ByteString.CopyFrom(peer.Key.ToBytes()),
        Epoch = epoch,
        Roles = (uint)PeerRoles.Node,
        Models = { new ModelCard { Id = model } },
        Endpoints = { EndpointOf("10.0.0.1:5000") },
    };

    public static Endpoint EndpointOf(string text)
    {
        IPEndPoint endPoint = IPEndPoint.Parse(text);
        return new Endpoint { Address = ByteString.CopyFrom(endPoint.Address.GetAddressBytes()), Port = (uint)endPoint.Port };
    }

    public static PeerId[] Listed(Directory directory) => [.. directory.Entries.Select(entry =>
    {
        Assert.True(PublicKey.TryRead(entry.Card.PublicKey.Span, out PublicKey key));
        return PeerId.Of(key);
    })];

    public static void AssertDone(RendezvousResponse response) => Assert.Equal(RendezvousResponse.BodyOneofCase.Done, response.BodyCase);

    public static RendezvousError AssertError(RendezvousErrorCode code, RendezvousResponse response)
    {
        Assert.Equal(RendezvousResponse.BodyOneofCase.Error, response.BodyCase);
        Assert.Equal(code, response.Error.Code);
        Assert.NotEmpty(response.Error.Detail);
        return response.Error;
    }

    public void Dispose() => _signer.Dispose();

    private Registrar Create() =>
        new(Now, UnixNow, new RegistrarOptions(Network, new JoinPolicy(_joinSecret)) { SubscriptionsMax = _subscriptionsMax }, _signer, new Prng(7));

    private void Drain()
    {
        while (Registrar.TryTakeRecord(out JournalRecord? record))
        {
            Journal.Add(record!);
        }
        while (Registrar.TryTakeNotice(out AddressedNotice notice))
        {
            Notices.Add(notice);
        }
    }
}
