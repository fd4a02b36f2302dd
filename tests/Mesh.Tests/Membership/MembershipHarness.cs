using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using Darkbloom.Mesh.Membership;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Mesh.Tests.Membership;

/// <summary>A membership state under virtual time, and a hand-written rendezvous that answers it.</summary>
internal sealed class MembershipHarness : IDisposable
{
    public const string Network = "test";

    private readonly TicketSigner _signer = TicketSigner.Import(NewPkcs8());
    private readonly PublicKey _key = NewKey();

    public MembershipHarness(ulong seed = 1) =>
        State = new MembershipState(Now, new MembershipProfile(Network, _key, PeerRoles.Node, "secret"), new Prng(seed));

    public MembershipState State { get; }

    public Instant Now { get; private set; } = new(1_000_000_000_000);

    public UnixTime UnixNow => new(1_800_000_000 + (Now.Nanoseconds / 1_000_000_000));

    /// <summary>Commands that the test has not taken yet, oldest first.</summary>
    public List<MembershipCommand> Commands { get; } = [];

    public static PublicKey NewKey()
    {
        using PeerIdentity identity = PeerIdentity.Import(NewPkcs8());
        return identity.PublicKey;
    }

    /// <summary>Lets time pass and fires every timer on the way; stops early when there is a command.</summary>
    public void Advance(TimeSpan duration)
    {
        Instant end = Now + duration;
        while (Commands.Count == 0 && Now <= end)
        {
            Instant next = State.NextTimeout is { } timeout && timeout < end ? timeout : end;
            Now = next > Now ? next : Now;
            Do(state => state.Timeout(Now, UnixNow));
            if (Now == end)
            {
                return;
            }
        }
    }

    public void Do(Action<MembershipState> input)
    {
        input(State);
        while (State.TryTakeCommand(out MembershipCommand? command))
        {
            Commands.Add(command!);
        }
    }

    public T Take<T>()
        where T : MembershipCommand
    {
        T command = Commands.OfType<T>().First();
        _ = Commands.Remove(command);
        return command;
    }

    public RendezvousRequest TakeAsk(MembershipJob job)
    {
        MembershipCommand.Ask ask = Commands.OfType<MembershipCommand.Ask>().First(ask => ask.Job == job);
        _ = Commands.Remove(ask);
        return ask.Request;
    }

    public bool Asks(MembershipJob job) => Commands.OfType<MembershipCommand.Ask>().Any(ask => ask.Job == job);

    public void Connect()
    {
        Advance(TimeSpan.FromMinutes(1));
        _ = Take<MembershipCommand.Connect>();
        Do(state => state.OnConnected(Now, UnixNow));
    }

    /// <summary>Connects, enrols, and leaves the first directory request and the subscription under way.</summary>
    public void Join()
    {
        Connect();
        Assert.Equal("secret", TakeAsk(MembershipJob.Ticket).Enrol.JoinSecret);
        Grant();
        Commands.Clear();
    }

    public void Close()
    {
        Do(state => state.OnClosed(Now, "down"));
        Commands.Clear();
    }

    public void Grant(long renewAfterS = 1800) => Respond(MembershipJob.Ticket, new()
    {
        Ticket = new TicketGranted
        {
            Ticket = Ticket(_key),
            RenewAfterS = (ulong)(UnixNow.Seconds + renewAfterS),
            TicketKeys = { ByteString.CopyFrom(_signer.PublicKey.ToBytes()) },
        },
    });

    public void Respond(MembershipJob job, RendezvousResponse response) =>
        Do(state => state.OnResponse(Now, UnixNow, job, response));

    public void Fail(MembershipJob job, RendezvousErrorCode code, uint retryAfterMs = 0) => Respond(job, new()
    {
        Error = new RendezvousError { Code = code, Detail = "detail", RetryAfterMs = retryAfterMs },
    });

    public void List(ulong version, params DirectoryEntry[] entries) =>
        Respond(MembershipJob.Directory, new() { Directory = new Directory { Version = version, Entries = { entries } } });

    public DirectoryEntry Entry(PublicKey key, PeerRoles ticketRoles = PeerRoles.Node) =>
        new() { Card = Card(key), Ticket = Ticket(key, ticketRoles) };

    public PeerCard OwnCard(ulong epoch = 1) => Card(_key, epoch);

    public ByteString Ticket(PublicKey key, PeerRoles roles = PeerRoles.Node, string network = Network)
    {
        UnixTime end = new(UnixNow.Seconds + Protocol.Tickets.Ticket.LifetimeSecondsMax);
        return ByteString.CopyFrom(_signer.Sign(new Ticket(network, 1, UnixNow, end, key, key, roles, TrustTier.Self, default)));
    }

    public void Dispose() => _signer.Dispose();

    private static PeerCard Card(PublicKey key, ulong epoch = 1) => new()
    {
        PublicKey = ByteString.CopyFrom(key.ToBytes()),
        Epoch = epoch,
        Roles = (uint)PeerRoles.Node,
        Models = { new ModelCard { Id = "tiny" } },
    };

    private static byte[] NewPkcs8()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKey();
    }
}
