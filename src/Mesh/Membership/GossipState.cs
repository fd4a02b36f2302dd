using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Mesh.Membership.Overlay;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Mesh.Membership;

/// <summary>Decides what a peer tells others of the mesh's members, and what it believes of what they tell.</summary>
/// <remarks>
/// <see cref="PeerOverlay"/> says with whom, <see cref="PresenceBook"/> what. Inputs are <see cref="UseOwn"/>, <c>On*</c>,
/// <see cref="Receive"/>, <see cref="Timeout"/> and <see cref="Leave"/>; after each, drain <see cref="TryTakeCommand"/> and arm
/// one timer for <see cref="NextTimeout"/>. Whom a message is from is what its session proved.
/// </remarks>
public sealed class GossipState
{
    /// <summary>Cards that one exchange tells.</summary>
    public const int CardsPerExchangeMax = 4;

    /// <summary>Cards of one sender that are looked at within <see cref="MeterInterval"/>: each may cost two verifications.</summary>
    public const int CardsPerSenderMax = 64;

    /// <summary>Senders that are heard within <see cref="MeterInterval"/>.</summary>
    public const int SendersMax = 1024;

    public static readonly TimeSpan MeterInterval = TimeSpan.FromSeconds(60);

    private readonly PeerOverlay _overlay;
    private readonly PresenceBook _book;
    private readonly Queue<GossipCommand> _commands = new();

    /// <summary>Cards that each sender has told since the meters were last set back.</summary>
    private readonly Dictionary<PeerId, int> _meters = [];

    /// <summary>Neighbours that owe an answer.</summary>
    private readonly HashSet<PeerId> _exchanging = [];
    private Instant _metersUntil;

    /// <summary>Null until this peer has a ticket and a card.</summary>
    private CardEntry? _own;

    public GossipState(Instant now, PeerOverlay overlay, PresenceBook book) =>
        (_overlay, _book, _metersUntil) = (overlay, book, now + MeterInterval);

    /// <summary>The peers that are believed in.</summary>
    public PresenceBook Book => _book;

    /// <summary>Grows with every card that is news.</summary>
    public ulong Version { get; private set; }

    public Instant? NextTimeout => Instant.Earlier(_overlay.NextTimeout, _metersUntil);

    public bool TryTakeCommand(out GossipCommand command) => _commands.TryDequeue(out command);

    /// <summary>This peer's own card, signed, and its ticket: told to others from now on.</summary>
    public void UseOwn(ReadOnlyMemory<byte> card, ReadOnlyMemory<byte> ticket) =>
        _own = new CardEntry { Card = ByteString.CopyFrom(card.Span), Ticket = ByteString.CopyFrom(ticket.Span) };

    /// <summary>Peers to begin with, which the driver knows how to reach.</summary>
    public void OnContact(Instant now, PeerId peer) => Drive(overlay => overlay.OnHeardOf(now, peer));

    /// <summary>No session with the peer comes about, or the one there was is over.</summary>
    public void OnLost(Instant now, PeerId peer)
    {
        _ = _exchanging.Remove(peer);
        Drive(overlay => overlay.OnLost(now, peer));
    }

    /// <summary>A peer says something.</summary>
    public void Receive(Instant now, UnixTime unixNow, PeerId from, GossipMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        switch (message.BodyCase)
        {
            case GossipMessage.BodyOneofCase.Notice:
                OnNotice(now, unixNow, from, message.Notice);
                break;
            case GossipMessage.BodyOneofCase.Exchange:
                Learn(now, unixNow, from, message.Exchange);
                Drive(overlay => overlay.OnExchange(now, from));
                _commands.Enqueue(new GossipCommand(from, new GossipMessage { Answer = Tell(from) }));
                break;
            case GossipMessage.BodyOneofCase.Answer when _exchanging.Remove(from):
                Learn(now, unixNow, from, message.Answer);
                break;
        }

        AssertInvariants();
    }

    /// <summary>Time has passed; harmless when it is early.</summary>
    public void Timeout(Instant now, UnixTime unixNow)
    {
        if (now >= _metersUntil)
        {
            _metersUntil = now + MeterInterval;
            _meters.Clear();
            _book.Expire(unixNow);
        }

        Drive(overlay => overlay.Timeout(now));
    }

    /// <summary>Says goodbye; nothing follows.</summary>
    public void Leave() => Drive(static overlay => overlay.Leave());

    private void OnNotice(Instant now, UnixTime unixNow, PeerId from, OverlayNotice notice)
    {
        if (KindOf(notice.Kind) is not { } kind)
        {
            return;
        }

        PeerId? about = notice.About is { } entry ? Believe(unixNow, from, entry) : null;
        bool needsCard = kind is OverlayMessageKind.Join or OverlayMessageKind.ForwardJoin
            or OverlayMessageKind.Neighbor or OverlayMessageKind.UrgentNeighbor;
        if (needsCard && (about is null || (kind != OverlayMessageKind.ForwardJoin && about != from)))
        {
            return; // others could neither be told of it nor reach it
        }

        if (kind == OverlayMessageKind.Goodbye)
        {
            _book.OnGoodbye(from);
        }

        int hopsLeft = (int)Math.Min(notice.HopsLeft, int.MaxValue);
        Drive(overlay => overlay.OnMessage(now, from, new OverlayMessage(kind, about ?? default, hopsLeft)));
    }

    private void Learn(Instant now, UnixTime unixNow, PeerId from, CardExchange told)
    {
        for (int i = 0; i < Math.Min(told.Cards.Count, CardsPerExchangeMax); i++)
        {
            if (Believe(unixNow, from, told.Cards[i]) is { } peer)
            {
                Drive(overlay => overlay.OnHeardOf(now, peer));
            }
        }
    }

    /// <summary>Whose card it is, if it is believed.</summary>
    private PeerId? Believe(UnixTime unixNow, PeerId from, CardEntry entry)
    {
        int taken = _meters.GetValueOrDefault(from);
        if (taken >= CardsPerSenderMax || (taken == 0 && _meters.Count >= SendersMax))
        {
            return null;
        }

        _meters[from] = taken + 1;
        PresenceVerdict verdict = _book.OnEntry(unixNow, entry.Card.Span, entry.Ticket.Span, out PeerId peer);
        Version += verdict == PresenceVerdict.News ? 1ul : 0;
        return verdict is PresenceVerdict.News or PresenceVerdict.Known ? peer : null;
    }

    /// <summary>What one exchange tells a peer: this one's own card and others, but not its own.</summary>
    private CardExchange Tell(PeerId to)
    {
        CardExchange told = new();
        if (_own is not null)
        {
            told.Cards.Add(_own);
        }

        foreach (Presence presence in _book.Draw(CardsPerExchangeMax))
        {
            if (told.Cards.Count < CardsPerExchangeMax && presence.Card.Peer != to)
            {
                told.Cards.Add(EntryOf(presence));
            }
        }

        return told;
    }

    /// <summary>Hands the overlay one input, then puts what it decided into messages.</summary>
    private void Drive(Action<PeerOverlay> input)
    {
        input(_overlay);
        while (_overlay.TryTakeCommand(out OverlayCommand command))
        {
            switch (command.Kind)
            {
                case OverlayCommandKind.Exchange:
                    _ = _exchanging.Add(command.Peer);
                    _exchanging.IntersectWith(_overlay.Active);
                    _commands.Enqueue(new GossipCommand(command.Peer, new GossipMessage { Exchange = Tell(command.Peer) }));
                    break;
                case OverlayCommandKind.Send when Write(command.Message) is { } notice:
                    _commands.Enqueue(new GossipCommand(command.Peer, new GossipMessage { Notice = notice }));
                    break;
                case OverlayCommandKind.Drop:
                    _commands.Enqueue(new GossipCommand(command.Peer, null));
                    break;
            }
        }
    }

    /// <summary>The notice; null when the newcomer that it is about is not believed in any more.</summary>
    private OverlayNotice? Write(in OverlayMessage message)
    {
        CardEntry? about = message.Kind != OverlayMessageKind.ForwardJoin ? _own
            : _book.Find(message.Newcomer) is { } newcomer ? EntryOf(newcomer)
            : null;
        return message.Kind == OverlayMessageKind.ForwardJoin && about is null
            ? null
            : new OverlayNotice { Kind = KindOf(message.Kind), About = about, HopsLeft = (uint)message.HopsLeft };
    }

    private static CardEntry EntryOf(Presence presence) => new()
    {
        Card = UnsafeByteOperations.UnsafeWrap(presence.CardBytes),
        Ticket = UnsafeByteOperations.UnsafeWrap(presence.Ticket.Envelope),
    };

    private static OverlayNoticeKind KindOf(OverlayMessageKind kind) => (OverlayNoticeKind)(kind + 1);

    private static OverlayMessageKind? KindOf(OverlayNoticeKind kind) =>
        kind is > OverlayNoticeKind.Unspecified and <= OverlayNoticeKind.Goodbye ? (OverlayMessageKind)(kind - 1) : null;

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_meters.Count <= SendersMax, "only so many senders are heard at a time");
        Debug.Assert(_exchanging.Count <= _overlay.Active.Count + 1, "only neighbours owe an answer");
    }
}
