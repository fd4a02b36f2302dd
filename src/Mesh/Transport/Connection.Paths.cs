using System;
using Darkbloom.Mesh.Transport.Paths;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Mesh.Transport;

/// <summary>Where packets go and under which names, and what it means when either side appears elsewhere.</summary>
public sealed partial class Connection
{
    /// <summary>Packet numbers left out, at most, where the id changes: nobody tells by them that two paths are one session's.</summary>
    internal const ulong NumberSkipMax = 1UL << 28;

    /// <summary>Unacknowledged numbers from which on none are left out: the peer restores numbers that are 2^31 ahead at most.</summary>
    internal const ulong NumbersAheadMax = 1UL << 30;

    private const int ProbePacketBytes = PathChallengeFrame.Length + WireLimits.DataOverheadBytes;

    /// <summary>The longest frame that <see cref="WritePathFrames"/> writes, OBSERVED_ADDRESS: its type, an integer, an address and a port.</summary>
    private const int PathFrameBytesMax = 1 + VarInt.BytesMax + 16 + sizeof(ushort);

    private static readonly TimeSpan s_usualGapMax = TimeSpan.FromSeconds(1);

    private readonly SecretSequence _secrets;
    private readonly PathValidator _path;
    private readonly LocalConnectionIds _localIds;
    private readonly RemoteConnectionIds _remoteIds;
    private readonly MtuSearch _mtu;

    /// <summary>Where the peer saw this side last; null until it said so.</summary>
    private PathAddress? _observed;

    /// <summary>The id under which the newest packet of the path in use came.</summary>
    private ConnectionId _idInUse;
    private Instant _lastBytesAt;
    private TimeSpan _usualGap;

    /// <summary>Stream bytes came, and this side hasn't asked since whether more are on their way.</summary>
    private bool _expectsMore;
    private bool _isObservedAddressPending;
    private ulong _observedAddressSequence;
    private ulong _observedAddressNext;

    /// <summary>Where packets go.</summary>
    public PathAddress Path => _path.Active;

    /// <summary>The peer's first name for packets to this side; <see cref="LocalIds"/> has all of them.</summary>
    public ConnectionId LocalId => _localIds.Handshake;

    /// <summary>The owner adds ids while more are wanted, and forgets those that are released.</summary>
    internal LocalConnectionIds LocalIds => _localIds;

    internal TimeSpan ProbeTimeout => _recovery.ProbeTimeout;

    /// <summary>The network under this side changed: the peer hears of it at once, from wherever this side is now.</summary>
    /// <remarks>What is in flight was perhaps sent into the void and is sent again. A call without a change costs a packet.</remarks>
    public void MigrateLocally(Instant now)
    {
        if (State == ConnectionState.Open)
        {
            if (_remoteIds.TryRenew())
            {
                SkipNumbers();
            }
            AbandonFlight(now);
            _isPingPending = true;
        }
    }

    /// <summary>When a peer that was sending has fallen silent for longer than it uses to: its bytes may go where this side
    /// no longer is, and only a packet from here tells it so.</summary>
    private Instant? QuietDeadline => _expectsMore && !_hasAskedSinceReceived && !_isPingPending
        ? _lastReceivedAt + _recovery.ProbeTimeout + (_usualGap * 2)
        : null;

    /// <summary>Takes note that stream bytes came, and of the usual time between such packets.</summary>
    private void ExpectMore(Instant now)
    {
        TimeSpan gap = RttEstimator.Min(now - _lastBytesAt, s_usualGapMax);
        _usualGap = ((_usualGap * 7) + gap) / 8;
        _lastBytesAt = now;
        _expectsMore = _streams.Count > 0;
    }

    private void NotePath(PathAddress from, ConnectionId destination, int bytes, bool isNewest)
    {
        switch (_path.OnReceived(from, bytes, isNewest))
        {
            case PathNews.Candidate when _remoteIds.BeginCandidate(isDeliberate: destination != _idInUse):
                SkipNumbers();
                break;
            case PathNews.Dropped:
                _remoteIds.DropCandidate();
                break;
            default:
                break;
        }
        _idInUse = isNewest && from == _path.Active ? destination : _idInUse;
    }

    private TransportViolation? ReceivePathFrame(Instant now, PathAddress from, FrameType type, ref WireReader reader)
    {
        switch (type)
        {
            case FrameType.PathChallenge when PathChallengeFrame.TryRead(ref reader, out PathChallengeFrame challenge):
                _path.OnChallenge(from, challenge.Data);
                return null;
            case FrameType.PathResponse when PathResponseFrame.TryRead(ref reader, out PathResponseFrame response):
                OnPathResponse(now, response);
                return null;
            case FrameType.ObservedAddress when ObservedAddressFrame.TryRead(ref reader, out ObservedAddressFrame observed):
                OnObservedAddress(now, observed);
                return null;
            case FrameType.NewConnectionId when NewConnectionIdFrame.TryRead(ref reader, out NewConnectionIdFrame added):
                return _remoteIds.OnNew(added);
            case FrameType.RetireConnectionId when RetireConnectionIdFrame.TryRead(ref reader, out RetireConnectionIdFrame retired):
                return _localIds.OnRetired(retired, now + (_recovery.ProbeTimeout * CloseTimeouts));
            default:
                return s_malformed;
        }
    }

    private void OnPathResponse(Instant now, in PathResponseFrame response)
    {
        PathAddress before = _path.Active;
        if (!_path.TryComplete(now, response.Data, out TimeSpan? roundTrip))
        {
            return;
        }
        if (_remoteIds.Adopt())
        {
            SkipNumbers();
        }
        if (before.Address != _path.Active.Address)
        {
            MeasureAnew(now, roundTrip ?? _options.InitialRtt);
        }
        AbandonFlight(now);
        _observedAddressSequence++;
        _isObservedAddressPending = true;
        _events.Enqueue(new ConnectionEvent(ConnectionEventKind.PathChanged, Address: _path.Active));
    }

    private void OnObservedAddress(Instant now, in ObservedAddressFrame observed)
    {
        if (observed.Sequence < _observedAddressNext)
        {
            return;
        }
        _observedAddressNext = observed.Sequence + 1;
        if (_observed is { } before && before.Address != observed.Address.Address)
        {
            MeasureAnew(now, _recovery.Rtt.Latest);
        }
        _observed = observed.Address;
        _events.Enqueue(new ConnectionEvent(ConnectionEventKind.AddressObserved, Address: observed.Address));
    }

    /// <summary>What was measured of the old path says nothing of another host's or network's; another port is the same path.</summary>
    private void MeasureAnew(Instant now, TimeSpan roundTrip)
    {
        _mtu.Reset(DatagramBytesMaxTo(_path.Active));
        _recovery.OnPathChanged(now, CreateCongestionController(now), new RttEstimator(roundTrip));
        UseDatagramBytes();
    }

    /// <summary>Jumbo frames cross no router of the Internet: only a peer nearby is worth trying them on.</summary>
    private int DatagramBytesMaxTo(PathAddress path) =>
        path.IsPrivate ? _options.DatagramBytesMax : Math.Min(_options.DatagramBytesMax, WireLimits.DatagramBytesOfEthernet);

    private void UseDatagramBytes()
    {
        _recovery.SetDatagramBytes(_mtu.Bytes);
        _streams.SetDatagramBytes(_mtu.Bytes);
    }

    private void NoteArrival(in SentPacket packet)
    {
        if (!packet.IsMtuProbe)
        {
            _mtu.OnAcknowledged(packet.Number, packet.Bytes);
        }
        else if (_mtu.OnProbeAcknowledged(packet.Bytes))
        {
            UseDatagramBytes();
        }
    }

    private void NoteLoss(in SentPacket packet)
    {
        if (packet.IsMtuProbe)
        {
            _mtu.OnProbeLost(packet.Bytes);
        }
        else if (_mtu.OnLost(packet.Number, packet.Bytes, _nextPacketNumber))
        {
            UseDatagramBytes();
        }
    }

    /// <summary>Packets of the old path are sent again on the new one without waiting for proof of their loss.</summary>
    private void AbandonFlight(Instant now)
    {
        _recovery.Abandon(now);
        SettlePackets();
    }

    /// <summary>Leaves packet numbers out, so that those on two paths don't follow each other.</summary>
    private void SkipNumbers()
    {
        if (_nextPacketNumber - (_largestAcknowledged ?? 0) < NumbersAheadMax)
        {
            ulong skipped = 1 + (_secrets.Next() % NumberSkipMax);
            _nextPacketNumber += skipped;
            _phaseStart += skipped;
        }
    }

    /// <summary>What finds no room behind a message of a new handshake gets the next packet.</summary>
    private void WritePathFrames(ref WireWriter writer, ref int list)
    {
        if (_isObservedAddressPending && writer.Remaining >= PathFrameBytesMax)
        {
            _isObservedAddressPending = false;
            new ObservedAddressFrame(_observedAddressSequence, _path.Active).Write(ref writer);
            list = _recovery.Frames.Add(list, new SentFrame(SentFrameKind.ObservedAddress, Value: _observedAddressSequence));
        }
        while (writer.Remaining >= PathFrameBytesMax && _remoteIds.TryTell(out RetireConnectionIdFrame retired))
        {
            retired.Write(ref writer);
            list = _recovery.Frames.Add(list, new SentFrame(SentFrameKind.RetireConnectionId, Value: retired.Sequence));
        }
        while (writer.Remaining >= PathFrameBytesMax && _localIds.TryTell(out NewConnectionIdFrame added))
        {
            added.Write(ref writer);
            list = _recovery.Frames.Add(list, new SentFrame(SentFrameKind.NewConnectionId, Value: added.Sequence));
        }
    }

    /// <summary>A PING, padded to the size that is tried; nothing is missing when it is lost.</summary>
    private bool TryTransmitMtuProbe(Instant now, int bytes, Span<byte> buffer, out Transmit transmit)
    {
        WireWriter writer = new(stackalloc byte[bytes - WireLimits.DataOverheadBytes]);
        PingFrame.Write(ref writer);
        writer.Reserve(writer.Remaining).Clear(); // PADDING
        ulong number = _nextPacketNumber;
        if (!TrySeal(_path.Active, writer.Written, buffer, out transmit))
        {
            return false;
        }
        OnAskingPacketSent(now, number, transmit.Length, SentFrameLists.Empty, isMtuProbe: true);
        return true;
    }

    private bool TryTransmitProbe(in PathProbe probe, Span<byte> buffer, out Transmit transmit)
    {
        WireWriter writer = new(stackalloc byte[PathChallengeFrame.Length]);
        if (probe.IsChallenge)
        {
            new PathChallengeFrame(probe.Data).Write(ref writer);
        }
        else
        {
            new PathResponseFrame(probe.Data).Write(ref writer);
        }
        return TrySeal(probe.Target, writer.Written, buffer, out transmit);
    }
}
