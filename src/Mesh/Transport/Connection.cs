using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Darkbloom.Mesh.Transport.Datagrams;
using Darkbloom.Mesh.Transport.Paths;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Mesh.Transport.Recovery.Bbr;
using Darkbloom.Mesh.Transport.Streams;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport;

/// <summary>One session after its handshake: streams in, datagrams out, and back. No socket, clock, task or lock.</summary>
/// <remarks>
/// There are four kinds of method:
/// <list type="bullet">
/// <item>getters, which change nothing;</item>
/// <item>inputs: <see cref="Receive"/> and <see cref="Timeout"/>, which take what the world did;</item>
/// <item>commands: <see cref="OpenStream(StreamPriority)"/>, <see cref="OpenUnidirectionalStream"/>, <see cref="Write"/>,
/// <see cref="CompleteWrites"/>, <see cref="Read"/>, <see cref="Reset"/>, <see cref="StopSending"/>, <see cref="TrySendDatagram"/>, <see cref="TryReceiveDatagram"/>,
/// <see cref="Close"/>, which take what the application wants;</item>
/// <item>outputs: <see cref="TryTransmit"/>, <see cref="TryTakeEvent"/> and <see cref="NextTimeout"/>.</item>
/// </list>
/// After inputs and commands the owner drains the outputs in this order: TryTransmit until false, TryTakeEvent until
/// false, then it arms one timer for NextTimeout. Commands that answer an event are followed by another round.
/// Nothing that a peer sends makes a method throw. The owner calls one method at a time, with a clock that never goes
/// back, and drops the connection once it is <see cref="ConnectionState.Drained"/>.
/// </remarks>
public sealed partial class Connection : IDisposable
{
    /// <summary>Closing and draining last as long as a packet could still be on its way.</summary>
    private const int CloseTimeouts = 3;

    private const int SuspicionTimeouts = 3;

    private const int PathKeyBytesMin = 16;

    /// <summary>How a connection ends that this side's own code has failed on.</summary>
    internal static readonly CloseReason InternalFault =
        new(CloseCause.LocalTransport, (ulong)TransportErrorCode.Internal, "an internal fault");

    private readonly ConnectionOptions _options;
    private readonly bool _isInitiator;
    private readonly TimeSpan _idleTimeout;
    private readonly TimeSpan _peerMaxAckDelay;
    private readonly Queue<ConnectionEvent> _events = new();
    private readonly PacketProtector _protector;
    private readonly ReplayWindow _replay = new();
    private readonly StreamSet _streams;
    private readonly AckTracker _acks;
    private readonly AckRequest _ackRequest = new();
    private readonly LossRecovery _recovery;
    private readonly Prng _prng;
    private Instant _lastReceivedAt;
    private Instant _lastAskedAt;
    private bool _hasAskedSinceReceived;
    private bool _isPingPending;

    /// <summary>Set by <see cref="Doubt"/>, until a packet comes.</summary>
    private Instant? _doubtedAt;

    /// <param name="local">The peer addresses its packets to this.</param>
    /// <param name="remote">This side addresses its packets to this.</param>
    /// <param name="path">Where the handshake's last packet came from.</param>
    /// <param name="peer">What the peer said in the handshake.</param>
    /// <param name="pathKey">At least 16 random bytes that no one else knows; challenges and the times of probes grow from them.</param>
    public Connection(
        ConnectionOptions options,
        ConnectionRole role,
        SessionKeys keys,
        ConnectionId local,
        ConnectionId remote,
        PathAddress path,
        TransportParameters peer,
        ReadOnlySpan<byte> pathKey,
        Instant now)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentOutOfRangeException.ThrowIfLessThan(pathKey.Length, PathKeyBytesMin, nameof(pathKey));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.DatagramBytesMax, WireLimits.DatagramBytesMin, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.DatagramBytesMax, WireLimits.DatagramBytesMax, nameof(options));
        if (!peer.IsValid)
        {
            throw new ArgumentException("The handshake refuses parameters that are out of range.", nameof(peer));
        }
        _options = options with
        {
            DatagramBytesMax = (int)Math.Min((ulong)options.DatagramBytesMax, peer.DatagramBytesMax),
        };
        _isInitiator = role == ConnectionRole.Initiator;
        _idleTimeout = RttEstimator.Min(options.IdleTimeout, TimeSpan.FromMilliseconds(peer.IdleTimeoutMs));
        _peerMaxAckDelay = TimeSpan.FromMilliseconds(peer.AckDelayMs);
        _protector = new PacketProtector(keys);
        StreamLimits limits = new(
            peer.InitialDataBytesMax, peer.InitialStreamDataBytesMax, peer.InitialStreamsMax, peer.InitialUnidirectionalStreamsMax);
        _streams = new StreamSet(_options, role, limits, _events);
        _acks = new AckTracker(options.MaxAckDelay);
        _secrets = new SecretSequence(pathKey);
        _path = new PathValidator(path, _secrets);
        _localIds = new LocalConnectionIds(local);
        _remoteIds = new RemoteConnectionIds(remote);
        _idInUse = local;
        _mtu = new MtuSearch(DatagramBytesMaxTo(path));
        _prng = SeedPrng(pathKey);
        _peerDatagramFrameBytesMax = peer.DatagramFrameBytesMax;
        _datagramsToSend = new DatagramQueue(peer.DatagramFrameBytesMax > 0 ? options.DatagramsQueuedMax : 0);
        _datagramsReceived = new DatagramQueue(options.DatagramFrameBytesMax > 0 ? options.DatagramsQueuedMax : 0);
        _recovery = new LossRecovery(
            CreateCongestionController(now), new RttEstimator(_options.InitialRtt), _peerMaxAckDelay, _mtu.Bytes, now);
        _recovery.SetGuarded(role == ConnectionRole.Responder);
        _lastReceivedAt = now;
        _lastAskedAt = now;
        _lastBytesAt = now;
        _phaseStartedAt = now;

        // The responder may not trust the handshake until a packet under its keys arrives: send one at once.
        _isPingPending = role == ConnectionRole.Initiator;

        // Who knows how it is seen notices a change.
        _isObservedAddressPending = true;
    }

    public ConnectionState State { get; private set; } = ConnectionState.Open;

    /// <summary>Whether a stream is open that is worth finishing: control streams last as long as the connection.</summary>
    public bool HasWork => _streams.HasWork;

    /// <summary>Null while the connection is open.</summary>
    public CloseReason? CloseReason { get; private set; }

    public ConnectionStatistics Statistics => new(
        _recovery.Rtt.Smoothed,
        _recovery.Rtt.Minimum,
        _recovery.WindowBytes,
        _recovery.BytesInFlight,
        _packetsSent,
        _packetsReceived,
        _recovery.LostCount,
        _recovery.SpuriousCount,
        _packetsDuplicate,
        (long)_protector.ForgedPackets,
        _keyPhases,
        _mtu.Bytes,
        _datagramsToSend.DroppedCount,
        _datagramsReceived.DroppedCount);

    /// <summary>Whether the peer left open requests without a sign of life, and has given none since.</summary>
    public bool IsSuspected { get; private set; }

    /// <summary>When <see cref="Timeout"/> must be called; null means never.</summary>
    public Instant? NextTimeout
    {
        get
        {
            if (State != ConnectionState.Open)
            {
                return State == ConnectionState.Drained ? null : _closeEndsAt;
            }
            Instant? next = Instant.Earlier(IdleDeadline, KeepAliveDeadline);
            next = Instant.Earlier(next, SuspicionDeadline);
            next = Instant.Earlier(next, _acks.Deadline);
            next = Instant.Earlier(next, _recovery.Deadline);
            next = Instant.Earlier(next, _path.Deadline);
            next = Instant.Earlier(next, QuietDeadline);
            next = Instant.Earlier(next, _mtu.Deadline);
            return Instant.Earlier(next, _pacedUntil);
        }
    }

    /// <summary>Takes a deadline that passed. Calling it early, or twice, does nothing.</summary>
    public void Timeout(Instant now)
    {
        switch (State)
        {
            case ConnectionState.Drained:
                return;
            case ConnectionState.Closing or ConnectionState.Draining:
                if (_closeEndsAt <= now)
                {
                    Drain();
                }
                return;
            default:
                break;
        }
        if (IdleDeadline <= now)
        {
            End(new CloseReason(CloseCause.IdleTimeout, 0, "no packet came for the idle timeout"));
            Drain();
            return;
        }
        _pacedUntil = _pacedUntil <= now ? null : _pacedUntil;
        _isPingPending |= KeepAliveDeadline <= now;
        if (SuspicionDeadline <= now)
        {
            IsSuspected = true;
            _events.Enqueue(new ConnectionEvent(ConnectionEventKind.Suspected));
        }
        if (QuietDeadline <= now)
        {
            _isPingPending = true;
            _expectsMore = false;
        }
        _mtu.OnTimeout(now);
        if (_path.OnTimeout(now))
        {
            _remoteIds.DropCandidate();
        }
        _recovery.OnTimeout(now);
        SettlePackets();
        AssertInvariants();
    }

    /// <summary>Takes the next event out; false when there is none.</summary>
    public bool TryTakeEvent(out ConnectionEvent connectionEvent) => _events.TryDequeue(out connectionEvent);

    /// <summary>Opens a stream; null when the peer allows no more now, and then StreamsAvailable tells when it does.</summary>
    public StreamId? OpenStream(StreamPriority priority) => OpenStream(priority, isBidirectional: true);

    /// <summary>Opens a stream on which only this side sends; null as for <see cref="OpenStream(StreamPriority)"/>.</summary>
    public StreamId? OpenUnidirectionalStream(StreamPriority priority) => OpenStream(priority, isBidirectional: false);

    /// <summary>Queues bytes and returns how many it took; if not all, StreamWritable tells when to go on.</summary>
    /// <remarks>A stream that is completed, reset or closed takes none.</remarks>
    public int Write(StreamId stream, ReadOnlySpan<byte> data) => _streams.Write(stream, data);

    /// <summary>Ends this side's bytes: the peer reads the end after the last one.</summary>
    public void CompleteWrites(StreamId stream) => _streams.CompleteWrites(stream);

    /// <summary>Reads what has arrived in order; 0 bytes that are not finished mean: wait for StreamReadable.</summary>
    /// <param name="finished">True from the read that reached the end on, and for streams that are closed.</param>
    public int Read(StreamId stream, Span<byte> target, out bool finished) => _streams.Read(stream, target, out finished);

    /// <summary>Gives up sending: bytes that have not arrived never will, and the peer is told the code.</summary>
    public void Reset(StreamId stream, ulong code) => _streams.Reset(stream, CheckCode(code));

    /// <summary>Gives up reading: arriving bytes are dropped, and the peer is asked to reset.</summary>
    public void StopSending(StreamId stream, ulong code) => _streams.StopSending(stream, CheckCode(code));

    /// <summary>Ends the session at once; what has not been acknowledged may be lost. Closing twice does nothing.</summary>
    /// <param name="reason">For the peer's log; cut to 256 bytes.</param>
    public void Close(Instant now, ulong code, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (State == ConnectionState.Open)
        {
            BeginClosing(now, CloseOrigin.Application, new CloseReason(CloseCause.LocalApplication, CheckCode(code), reason));
        }
    }

    /// <summary>Asks whether the peer still knows this connection: it came again with another, perhaps after a restart.</summary>
    /// <remarks>A peer that restarted answers no packet of its former life. One that merely opened a second session does,
    /// and keeps both.</remarks>
    internal void Doubt(Instant now)
    {
        _doubtedAt ??= now;
        _isPingPending = true;
    }

    /// <summary>Closes after this side's own code has failed; touches as little as it can of what may be broken.</summary>
    internal void Fail(Instant now)
    {
        if (State == ConnectionState.Open)
        {
            BeginClosing(now, CloseOrigin.Transport, InternalFault);
        }
    }

    /// <summary>Forgets keys and buffers. The owner calls it when it drops a connection that isn't drained.</summary>
    public void Dispose()
    {
        State = ConnectionState.Drained;
        Release();
        _protector.Dispose();
    }

    private StreamId? OpenStream(StreamPriority priority, bool isBidirectional)
    {
        if (priority is < StreamPriority.Control or > StreamPriority.Bulk)
        {
            throw new ArgumentOutOfRangeException(nameof(priority));
        }
        return State == ConnectionState.Open ? _streams.Open(priority, isBidirectional) : null;
    }

    private Instant IdleDeadline
    {
        get
        {
            TimeSpan least = _recovery.ProbeTimeout * CloseTimeouts;
            Instant since = _hasAskedSinceReceived ? _firstAskedAt : _lastReceivedAt;
            Instant deadline = since + RttEstimator.Max(_idleTimeout, least);
            if (_doubtedAt is { } doubted)
            {
                deadline = Instant.Earlier(deadline, doubted + RttEstimator.Max(_options.SilenceDoubted, least))!.Value;
            }
            if (_streams.Count > 0 && _hasAskedSinceReceived)
            {
                Instant silent = _lastReceivedAt + _options.SilenceActive;
                Instant unanswered =
                    _firstAskedAt + RttEstimator.Max(_options.SilenceActive - _options.KeepAliveActive, least);
                deadline = Instant.Earlier(deadline, silent > unanswered ? silent : unanswered)!.Value;
            }
            return deadline;
        }
    }

    private Instant? KeepAliveDeadline
    {
        get
        {
            if (_isPingPending)
            {
                return null;
            }
            TimeSpan interval = HasWork ? _options.KeepAliveBusy
                : _streams.Count > 0 ? _options.KeepAliveActive
                : _options.KeepAliveIdle;
            interval += _isInitiator ? TimeSpan.Zero : interval / 4; // one PING serves both sides
            return (_lastAskedAt > _lastReceivedAt ? _lastAskedAt : _lastReceivedAt) + interval;
        }
    }

    private Instant? SuspicionDeadline => HasWork && _hasAskedSinceReceived && !IsSuspected
        ? _firstAskedAt + RttEstimator.Max(_options.SuspicionBusy, _recovery.ProbeTimeout * SuspicionTimeouts)
        : null;

    private ICongestionController CreateCongestionController(Instant now) => _options.CongestionControl switch
    {
        CongestionControl.Cubic => new CubicController(_mtu.Bytes),
        _ => new BbrController(_mtu.Bytes, _prng, now),
    };

    /// <summary>Hands the frames of packets that arrived or were lost back to whoever wrote them.</summary>
    private void SettlePackets()
    {
        SentFrameLists lists = _recovery.Frames;
        foreach (SentPacket packet in _recovery.Acknowledged)
        {
            NoteArrival(packet);
            int list = packet.Frames;
            while (lists.TryTake(ref list, out SentFrame frame))
            {
                if (frame.Kind == SentFrameKind.Ack)
                {
                    _acks.OnAckAcknowledged(frame.Value);
                }
                else if (frame.Kind == SentFrameKind.RetireConnectionId)
                {
                    _remoteIds.OnAcknowledged(frame.Value);
                }
                OnHandshakeAcknowledged(frame);
                _streams.OnAcknowledged(frame);
            }
        }
        foreach (SentPacket packet in _recovery.Lost)
        {
            NoteLoss(packet);
            int list = packet.Frames;
            while (lists.TryTake(ref list, out SentFrame frame))
            {
                OnFrameLost(frame);
            }
        }
        if (_recovery.Acknowledged.Count > 0)
        {
            long bytes = Math.Clamp(
                _recovery.WindowBytes * 2, StreamSet.SendBufferBytesMin, _options.StreamSendBufferBytesMax);
            _streams.SendBufferBytes = (int)bytes;
            _streams.TellWritable();
            _ackRequest.Update(_recovery.PaceBytesPerSecond, _recovery.WindowBytes / _mtu.Bytes);
        }
        _recovery.Acknowledged.Clear();
        _recovery.Lost.Clear();
    }

    private void OnFrameLost(in SentFrame frame)
    {
        switch (frame.Kind)
        {
            case SentFrameKind.ObservedAddress:
                _isObservedAddressPending |= frame.Value == _observedAddressSequence;
                break;
            case SentFrameKind.NewConnectionId:
                _localIds.OnLost(frame.Value);
                break;
            case SentFrameKind.RetireConnectionId:
                _remoteIds.OnLost(frame.Value);
                break;
            case SentFrameKind.AckFrequency:
                _ackRequest.OnLost(frame.Value);
                break;
            case SentFrameKind.Handshake:
                OnHandshakeLost(frame.Value);
                break;
            default:
                _streams.OnLost(frame);
                break;
        }
    }

    private void BeginClosing(Instant now, CloseOrigin origin, CloseReason reason)
    {
        State = ConnectionState.Closing;
        _closeEndsAt = now + (_recovery.ProbeTimeout * CloseTimeouts);
        _closeOrigin = origin;
        _closeText = CutReason(reason.Text);
        _isClosePending = true;
        End(reason);
    }

    /// <summary>Tells the application and frees what only an open connection needs.</summary>
    private void End(CloseReason reason)
    {
        CloseReason = reason;
        _events.Enqueue(new ConnectionEvent(ConnectionEventKind.Closed, Reason: reason));
        Release();
    }

    /// <summary>Gives back what held the application's bytes.</summary>
    private void Release()
    {
        _streams.Release();
        _datagramsToSend.Clear();
        _datagramsReceived.Clear();
    }

    private void Drain()
    {
        State = ConnectionState.Drained;
        _protector.Dispose();
    }

    /// <summary>Chance for the times of probes; a key of which no more than that is derived.</summary>
    private static Prng SeedPrng(ReadOnlySpan<byte> pathKey)
    {
        Span<byte> seed = stackalloc byte[HMACSHA256.HashSizeInBytes];
        _ = HMACSHA256.HashData(pathKey, "probe times"u8, seed);
        return new Prng(BinaryPrimitives.ReadUInt64BigEndian(seed));
    }

    private static ulong CheckCode(ulong code)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, Protocol.Wire.VarInt.MaxValue);
        return code;
    }

    /// <summary>UTF-8 of at most 256 bytes, cut between characters.</summary>
    private static byte[] CutReason(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length <= CloseFrame.ReasonBytesMax)
        {
            return bytes;
        }
        int length = CloseFrame.ReasonBytesMax;
        while ((bytes[length] & 0xC0) == 0x80)
        {
            length--;
        }
        return bytes[..length];
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_recovery.Acknowledged.Count == 0 && _recovery.Lost.Count == 0, "Each input settles its packets.");
        Debug.Assert((State == ConnectionState.Open) == (CloseReason is null), "A connection that is over says why.");
    }
}
