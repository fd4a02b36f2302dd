using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using Darkbloom.Mesh.Membership;
using Darkbloom.Mesh.Membership.Overlay;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Presence;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;
using Google.Protobuf;

namespace Darkbloom.Mesh.Tests.Membership;

/// <summary>Peers with real keys, tickets and cards that gossip in virtual time; messages travel as bytes.</summary>
internal sealed class GossipWorld : IDisposable
{
    private const string Network = "test";

    private readonly TicketSigner _signer = TicketSigner.Import(NewPkcs8());
    private readonly TicketVerifier _verifier = new(Network);
    private readonly Prng _prng;
    private readonly PriorityQueue<Action, (long At, long Sequence)> _agenda = new();
    private readonly SortedDictionary<PeerId, Member> _byId = [];
    private readonly List<Member> _made = [];
    private long _sequence;

    public GossipWorld(ulong seed)
    {
        _prng = new Prng(seed);
        _ = _verifier.Trust(_signer.PublicKey);
    }

    public Instant Now { get; private set; } = new(1_000_000_000);

    public UnixTime UnixNow => new(1_800_000_000 + (Now.Nanoseconds / 1_000_000_000));

    public long SentBytes { get; private set; }

    /// <summary>In the order of their joining.</summary>
    public List<Member> Members { get; } = [];

    /// <summary>What was told in exchanges, and to whom.</summary>
    public List<(PeerId To, IReadOnlyList<CardEntry> Cards)> Exchanges { get; } = [];

    public void Dispose()
    {
        _made.ForEach(static member => member.Identity.Dispose());
        _signer.Dispose();
    }

    public Member Find(PeerId peer) => _byId[peer];

    /// <summary>So many peers, each with one other as its contact.</summary>
    public void Grow(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _ = Members.Count == 0 ? Add() : Add(Members[_prng.Next(Members.Count)].Id);
            RunFor(TimeSpan.FromSeconds(1));
        }
    }

    public Member Add(params PeerId[] contacts)
    {
        Member member = Make(_signer);
        Members.Add(member);
        _byId[member.Id] = member;
        Renew(member);
        foreach (PeerId contact in contacts)
        {
            Do(member, state => state.OnContact(Now, contact));
        }

        return member;
    }

    /// <summary>A peer that takes no part.</summary>
    public Member Stranger(bool isMember = false)
    {
        using TicketSigner other = TicketSigner.Import(NewPkcs8());
        Member stranger = Make(isMember ? _signer : other);
        stranger.Issue(UnixNow);
        return stranger;
    }

    public void Leave(Member member)
    {
        Do(member, static state => state.Leave());
        member.Lives = false;
        _ = Members.Remove(member);
    }

    public void RunFor(TimeSpan duration)
    {
        Instant until = Now + duration;
        while (_agenda.TryPeek(out Action? action, out (long At, long Sequence) when) && when.At <= until.Nanoseconds)
        {
            _ = _agenda.Dequeue();
            Now = new Instant(when.At);
            action();
        }

        Now = until;
    }

    private void Do(Member member, Action<GossipState> input)
    {
        if (!member.Lives)
        {
            return;
        }

        input(member.State);
        while (member.State.TryTakeCommand(out GossipCommand command))
        {
            if (command.Message is not null)
            {
                Send(member, command.Peer, command.Message);
            }
        }

        if (member.State.NextTimeout is { } due && member.Armed != due)
        {
            member.Armed = due;
            At(due - Now, () => Do(member, state => state.Timeout(Now, UnixNow)));
        }
    }

    private void Send(Member from, PeerId to, GossipMessage message)
    {
        byte[] bytes = message.ToByteArray();
        SentBytes += bytes.Length;
        if ((message.Exchange ?? message.Answer) is { } told)
        {
            Exchanges.Add((to, told.Cards));
        }

        TimeSpan delay = TimeSpan.FromMilliseconds(10 + _prng.Next(150));
        if (_byId[to].Lives)
        {
            At(delay, () => Do(_byId[to], state => state.Receive(Now, UnixNow, from.Id, GossipMessage.Parser.ParseFrom(bytes))));
        }
        else
        {
            At(delay, () => Do(from, state => state.OnLost(Now, to)));
        }
    }

    /// <summary>Issues a card now and every two minutes.</summary>
    private void Renew(Member member)
    {
        CardEntry own = member.Issue(UnixNow);
        Do(member, state => state.UseOwn(own.Card.Memory, own.Ticket.Memory));
        At(TimeSpan.FromSeconds(MembershipTimings.CardIntervalS), () =>
        {
            if (member.Lives)
            {
                Renew(member);
            }
        });
    }

    private Member Make(TicketSigner signer)
    {
        PeerIdentity identity = PeerIdentity.Import(NewPkcs8());
        UnixTime end = UnixNow + TimeSpan.FromMinutes(50);
        byte[] ticket = signer.Sign(new Ticket(
            Network, (UInt128)_made.Count, UnixNow + TimeSpan.FromMinutes(-5), end, identity.PublicKey, identity.PublicKey,
            PeerRoles.Node, TrustTier.Self, ReadOnlyMemory<byte>.Empty));
        PeerOverlay overlay = new(Now, identity.Id, new OverlayPolicy(), new Prng(_prng.NextUInt64()));
        PresenceBook book = new(identity.Id, Verify, PresenceBook.EntriesMax, new Prng(_prng.NextUInt64()));
        Member member = new(identity, ticket, overlay, new GossipState(Now, overlay, book));
        _made.Add(member);
        return member;

        bool Verify(ReadOnlySpan<byte> envelope, PublicKey holder, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out VerifiedTicket? verified) =>
            _verifier.Verify(envelope, holder, UnixNow, out verified) == TicketVerdict.Valid && verified is not null;
    }

    private void At(TimeSpan delay, Action action) =>
        _agenda.Enqueue(action, ((Now + (delay < TimeSpan.Zero ? TimeSpan.Zero : delay)).Nanoseconds, _sequence++));

    private static byte[] NewPkcs8()
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKey();
    }

    internal sealed class Member(PeerIdentity identity, byte[] ticket, PeerOverlay overlay, GossipState state)
    {
        private ulong _epoch;

        public PeerIdentity Identity { get; } = identity;

        public PeerId Id => Identity.Id;

        public PeerOverlay Overlay { get; } = overlay;

        public GossipState State { get; } = state;

        public bool Lives { get; set; } = true;

        public Instant? Armed { get; set; }

        /// <summary>The last card.</summary>
        public CardEntry? Own { get; private set; }

        public CardEntry Issue(UnixTime now)
        {
            PresenceCard card = new(
                Identity.PublicKey, PeerRoles.Node, HardwareClass: 0, Region: 0, Reachability.Direct, Slots: 1, ++_epoch, now,
                new PathAddress(1, 4321), Relay: 0, [PresenceCard.NameOf("tiny")]);
            return Own = new CardEntry { Card = ByteString.CopyFrom(card.Sign(Identity)), Ticket = ByteString.CopyFrom(ticket) };
        }
    }
}
