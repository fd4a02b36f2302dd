using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Membership.Overlay;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Tests.Membership.Overlay;

/// <summary>Many overlays in virtual time: messages take a while, and peers that are gone answer nothing.</summary>
internal sealed class OverlayWorld
{
    /// <summary>Until the neighbours of a peer that vanished have lost their sessions with it.</summary>
    private static readonly TimeSpan _detection = TimeSpan.FromSeconds(10);

    private readonly Prng _prng;
    private readonly PriorityQueue<Action, (long At, long Sequence)> _agenda = new();
    private readonly SortedDictionary<PeerId, Member> _members = [];
    private readonly OverlayPolicy _policy;
    private long _sequence;

    public OverlayWorld(ulong seed, OverlayPolicy? policy = null) => (_prng, _policy) = (new Prng(seed), policy ?? new OverlayPolicy());

    public Instant Now { get; private set; } = new(1_000_000_000);

    public long Sent { get; private set; }

    public IEnumerable<PeerId> Living => _members.Where(static one => one.Value.Lives).Select(static one => one.Key);

    public PeerOverlay this[PeerId peer] => _members[peer].Overlay;

    public static PeerId Peer(int number) => new(new UInt256((UInt128)(ulong)(number * 7919) << 64, (ulong)number));

    public PeerId Add(int number, params PeerId[] contacts)
    {
        PeerId id = Peer(number);
        Member member = new(new PeerOverlay(Now, id, _policy, new Prng(_prng.NextUInt64())));
        _members[id] = member;
        foreach (PeerId contact in contacts)
        {
            Do(id, overlay => overlay.OnHeardOf(Now, contact));
        }

        return id;
    }

    /// <summary>So many peers, each of which the one before it in a shuffled order is a contact of.</summary>
    public void Grow(int count)
    {
        List<PeerId> members = [.. Living];
        int first = _members.Count;
        for (int i = 0; i < count; i++)
        {
            members.Add(Add(first + i, members.Count == 0 ? [] : [members[_prng.Next(members.Count)]]));
            RunFor(TimeSpan.FromMilliseconds(200));
        }
    }

    /// <summary>The peer is gone without a word.</summary>
    public void Kill(PeerId peer)
    {
        _members[peer].Lives = false;
        foreach (PeerId other in Living.Where(other => _members[other].Overlay.Active.Contains(peer)).ToList())
        {
            At(_detection, () => Do(other, overlay => overlay.OnLost(Now, peer)));
        }
    }

    public void Leave(PeerId peer)
    {
        Do(peer, static overlay => overlay.Leave());
        _members[peer].Lives = false;
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

    /// <summary>Hands a peer one input, then carries out what it decided.</summary>
    public void Do(PeerId peer, Action<PeerOverlay> input)
    {
        Member member = _members[peer];
        if (!member.Lives)
        {
            return;
        }

        input(member.Overlay);
        while (member.Overlay.TryTakeCommand(out OverlayCommand command))
        {
            Execute(peer, command);
        }

        if (member.Overlay.NextTimeout is { } due && member.Armed != due)
        {
            member.Armed = due;
            At(due - Now, () => Do(peer, overlay => overlay.Timeout(Now)));
        }
    }

    /// <summary>The sizes of the parts that neighbours hold together, the largest first.</summary>
    public List<int> Parts()
    {
        HashSet<PeerId> seen = [];
        List<int> parts = [];
        foreach (PeerId start in Living)
        {
            int size = 0;
            Stack<PeerId> open = new([start]);
            while (open.TryPop(out PeerId peer))
            {
                if (!seen.Add(peer))
                {
                    continue;
                }

                size++;
                foreach (PeerId neighbor in Neighbors(peer))
                {
                    open.Push(neighbor);
                }
            }

            if (size > 0)
            {
                parts.Add(size);
            }
        }

        return [.. parts.OrderDescending()];
    }

    /// <summary>Neighbours that think so too.</summary>
    public IEnumerable<PeerId> Neighbors(PeerId peer) =>
        _members[peer].Overlay.Active.Where(other => _members[other].Lives && _members[other].Overlay.Active.Contains(peer));

    private void Execute(PeerId peer, OverlayCommand command)
    {
        TimeSpan delay = TimeSpan.FromMilliseconds(10 + _prng.Next(150));
        switch (command.Kind)
        {
            case OverlayCommandKind.Send when _members.TryGetValue(command.Peer, out Member? target) && target.Lives:
                Sent++;
                At(delay, () => Do(command.Peer, overlay => overlay.OnMessage(Now, peer, command.Message)));
                break;
            case OverlayCommandKind.Send:
                At(delay * 4, () => Do(peer, overlay => overlay.OnLost(Now, command.Peer)));
                break;
            case OverlayCommandKind.Exchange:
                Sent += 2;
                List<PeerId> told = Sample(peer);
                At(delay, () => Do(command.Peer, overlay =>
                {
                    List<PeerId> answer = Sample(command.Peer);
                    overlay.OnExchange(Now, peer);
                    told.ForEach(one => overlay.OnHeardOf(Now, one));
                    At(delay, () => Do(peer, back => answer.ForEach(one => back.OnHeardOf(Now, one))));
                }));
                break;
        }
    }

    /// <summary>The peer itself and three that it knows.</summary>
    private List<PeerId> Sample(PeerId peer)
    {
        PeerOverlay overlay = _members[peer].Overlay;
        List<PeerId> known = [.. overlay.Active, .. overlay.Passive];
        return [peer, .. Enumerable.Range(0, known.Count == 0 ? 0 : 3).Select(_ => known[_prng.Next(known.Count)])];
    }

    private void At(TimeSpan delay, Action action) =>
        _agenda.Enqueue(action, ((Now + (delay < TimeSpan.Zero ? TimeSpan.Zero : delay)).Nanoseconds, _sequence++));

    private sealed class Member(PeerOverlay overlay)
    {
        public PeerOverlay Overlay { get; } = overlay;

        public bool Lives { get; set; } = true;

        public Instant? Armed { get; set; }
    }
}
