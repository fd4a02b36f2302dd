using System;
using System.Collections.Generic;
using System.Net;
using System.Net.NetworkInformation;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Drives one mesh peer: the only place where its sockets, its clock and its lock meet.</summary>
/// <remarks>
/// One lock guards the peer and everything built on it. The receive thread, the timer thread and every caller do the
/// same under it: hand the peer an input, then <see cref="Drain"/>. Whoever waits for an outcome goes on outside the lock:
/// upon the thread that received it, which gives up receiving first, or upon the thread pool.
/// <para>
/// What the core throws is a fault of ours, never of a peer: it is counted, logged without a word of what was being
/// worked on, and ends the one session concerned. No thread ends by it.
/// </para>
/// </remarks>
public sealed class MeshHost : IAsyncDisposable
{
    /// <summary>Sessions that nobody accepted yet; a further one is closed with <see cref="PeerCodes.Busy"/>.</summary>
    public const int AcceptQueueMax = 1024;

    private const int DatagramBytesMax = 65_535;
    private const int JoinMsMax = 2_000;

    /// <summary>Faults that one call gets over; what is left waits for the next input.</summary>
    private const int FaultsPerCallMax = 64;
    private static readonly TimeSpan _sleepMin = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan _sleepMax = TimeSpan.FromSeconds(10);
    private static readonly Instant _never = new(long.MaxValue);

    private readonly MeshPeer _peer;
    private readonly IDatagramPort _port;
    private readonly ILogger _log;
    private readonly byte[] _datagram = GC.AllocateUninitializedArray<byte>(DatagramBytesMax, pinned: true);
    private readonly Dictionary<MeshSession, MeshConnection> _connections = [];
    private readonly Dictionary<ulong, TaskCompletionSource<MeshConnection>> _attempts = [];
    private readonly Channel<MeshConnection> _accepted = Channel.CreateBounded<MeshConnection>(AcceptQueueMax);
    private readonly AutoResetEvent _rearm = new(false);
    private readonly Thread _timer;
    private Instant _wakesAt; // when the timer thread looks next; MinValue while it is awake
    private bool _takingEvents; // events are handled one after another, not one within another
    private bool _disposed;

    private MeshHost(MeshHostOptions options, PeerIdentity identity, ILoggerFactory loggers, IDatagramPort port)
    {
        _log = loggers.CreateLogger<MeshHost>();
        _port = port;
        Network = options.Network;
        PublicKey = identity.PublicKey;
        Id = identity.Id;
        MeshPeerOptions peerOptions = new()
        {
            Network = options.Network,
            PinnedPeers = options.PinnedPeers,
            AcceptUnticketed = options.AcceptUnticketed,
            Connection = options.Connection,
            Limits = options.Limits,
        };
        _peer = new MeshPeer(Now, SystemClock.Now, peerOptions, identity, SystemEntropy.Instance);
        _timer = new Thread(RunTimer) { IsBackground = true, Name = "mesh-timer" };
    }

    public string Network { get; }

    public PeerId Id { get; }

    public PublicKey PublicKey { get; }

    public IPEndPoint LocalEndPoint => _port.LocalEndPoint;

    /// <summary>The monotonic clock of every state machine in this process.</summary>
    public static Instant Now => TimeProvider.System.GetInstant();

    internal Lock Gate { get; } = new();

    internal Resumptions Resumptions { get; } = new();

    /// <summary>Binds the sockets and starts the host's threads.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The address can't be bound.</exception>
    public static MeshHost Start(MeshHostOptions options, PeerIdentity identity, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        return Start(options, identity, loggers, new UdpEndpoint(options.Bind, loggers.CreateLogger<UdpEndpoint>(), options.UdpCalls));
    }

    /// <summary>Starts over a port of the caller's choice, which the host then owns.</summary>
    public static MeshHost Start(
        MeshHostOptions options, PeerIdentity identity, ILoggerFactory loggers, IDatagramPort port)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(loggers);
        ArgumentNullException.ThrowIfNull(port);
        MeshHost host = new(options, identity, loggers, port);
        host._timer.Start();
        port.Start(host.Receive);
        NetworkChange.NetworkAddressChanged += host.OnNetworkAddressChanged;
        HostingLog.Started(host._log, host.Id, port.LocalEndPoint);
        return host;
    }

    /// <summary>Presents this ticket in later handshakes, and soon in one within each session; none when empty.</summary>
    public void UseTicket(ReadOnlyMemory<byte> envelope)
    {
        lock (Gate)
        {
            Instant now = Now;
            _peer.UseTicket(now, envelope.Span);
            Drain(now);
        }
    }

    /// <summary>Believes tickets signed by this key.</summary>
    /// <returns>False when it is no key, or too many are believed already.</returns>
    public bool TrustTicketKey(PublicKey key)
    {
        lock (Gate)
        {
            return _peer.TrustTicketKey(key);
        }
    }

    /// <summary>The network under this process changed, or may have: every peer hears of it at once.</summary>
    /// <remarks>Called by the host itself when the system reports another set of addresses.</remarks>
    public void MigrateLocally()
    {
        lock (Gate)
        {
            if (!_disposed)
            {
                Instant now = Now;
                try
                {
                    _peer.MigrateLocally(now);
                }
                catch (Exception e)
                {
                    OnFault(now, e);
                }
                Drain(now);
            }
        }
    }

    /// <summary>What this host has seen and done, at one moment.</summary>
    public MeshStatistics Statistics
    {
        get
        {
            lock (Gate)
            {
                return new MeshStatistics(_connections.Count, _peer.Counters, _port.Statistics);
            }
        }
    }

    /// <exception cref="MeshException">No handshake came about.</exception>
    public async ValueTask<MeshConnection> ConnectAsync(
        PublicKey peer, IPEndPoint address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        TaskCompletionSource<MeshConnection> settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ulong attempt;
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Instant now = Now;
            _peer.SetClock(now, SystemClock.Now);
            attempt = _peer.Connect(now, peer, PathAddress.From(address));
            _attempts.Add(attempt, settled);
            Drain(now);
        }
        using CancellationTokenRegistration registration =
            cancellationToken.UnsafeRegister((_, token) => CancelAttempt(attempt, token), null);
        return await settled.Task;
    }

    /// <summary>The next session that a peer opened.</summary>
    public async ValueTask<MeshConnection> AcceptConnectionAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _accepted.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw Stopped();
        }
    }

    /// <summary>Closes every session, then the socket; returns within seconds whatever the network does.</summary>
    public ValueTask DisposeAsync()
    {
        lock (Gate)
        {
            if (_disposed)
            {
                return ValueTask.CompletedTask;
            }
            foreach (MeshConnection connection in new List<MeshConnection>(_connections.Values))
            {
                connection.CloseCore(PeerCodes.Stopping, "the host stopped");
            }
            foreach (TaskCompletionSource<MeshConnection> attempt in _attempts.Values)
            {
                attempt.SetException(Stopped());
            }
            _attempts.Clear();
            _ = _accepted.Writer.TryComplete();
            _disposed = true;
        }
        NetworkChange.NetworkAddressChanged -= OnNetworkAddressChanged;
        _ = _rearm.Set();
        _port.Dispose();
        if (!_timer.Join(JoinMsMax))
        {
            HostingLog.ThreadLeftBehind(_log, _timer.Name!);
        }
        _peer.Dispose();
        HostingLog.Stopped(_log, Id);
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends what the peer has to send, tells its users what happened, and re-arms the timer; under the lock.</summary>
    internal void Drain(Instant now)
    {
        if (_disposed || _takingEvents)
        {
            return; // an event's handler called: whoever took the event drains
        }
        for (int faults = 0; faults < FaultsPerCallMax && !TryExchange(now); faults++)
        {
        }
        if (_peer.NextTimeout is { } next && next < _wakesAt)
        {
            _wakesAt = next;
            _ = _rearm.Set();
        }
    }

    /// <summary>Sends and tells until there is nothing more; false when a fault cut it short.</summary>
    private bool TryExchange(Instant now)
    {
        try
        {
            do
            {
                while (_peer.TryTransmit(now, _datagram, out Transport.Transmit transmit))
                {
                    _port.Send(_datagram.AsSpan(0, transmit.Length), transmit.Target);
                }
                _port.Flush(); // nothing waits for company longer than for the burst that it is part of
            }
            while (TakeEvents());
            return true;
        }
        catch (Exception e)
        {
            OnFault(now, e);
            return false;
        }
    }

    /// <summary>False when there was none.</summary>
    private bool TakeEvents()
    {
        bool any = false;
        _takingEvents = true;
        try
        {
            while (_peer.TryTakeEvent(out PeerEvent e))
            {
                any = true;
                TryTell(e);
            }
        }
        finally
        {
            _takingEvents = false;
        }
        return any;
    }

    private void TryTell(in PeerEvent e)
    {
        try
        {
            On(e);
        }
        catch (Exception fault)
        {
            OnFault(Now, fault, e.Session);
        }
    }

    private void OnFault(Instant now, Exception fault, MeshSession? session = null)
    {
        HostingLog.Faulted(_log, fault.GetType().Name, fault.StackTrace);
        _peer.OnFault(now, session);
    }

    private void OnNetworkAddressChanged(object? sender, EventArgs e) => MigrateLocally();

    internal void OnClosed(MeshConnection connection, MeshCloseReason reason)
    {
        _ = _connections.Remove(connection.Core);
        HostingLog.SessionClosed(_log, connection.RemoteId, reason.Error, reason.Code);
    }

    internal void OnStreamRefused(MeshConnection connection) => HostingLog.StreamRefused(_log, connection.RemoteId);

    /// <summary>Takes all of a batch before it answers any of it: one acknowledgement serves many datagrams.</summary>
    private IThreadPoolWorkItem? Receive(DatagramBatch batch)
    {
        lock (Gate)
        {
            if (_disposed)
            {
                return null;
            }
            Instant now = Now;
            Resumptions.KeepOne();
            for (int i = 0; i < batch.Count; i++)
            {
                TryReceive(now, batch.From(i), batch.Datagram(i));
            }
            Drain(now);
            return Resumptions.TakeKept();
        }
    }

    private void TryReceive(Instant now, PathAddress from, Span<byte> datagram)
    {
        try
        {
            _peer.Receive(now, from, datagram);
        }
        catch (Exception e)
        {
            OnFault(now, e);
        }
    }

    private void RunTimer()
    {
        while (true)
        {
            TimeSpan sleep;
            lock (Gate)
            {
                if (_disposed)
                {
                    return;
                }
                Instant now = Now;
                _wakesAt = new Instant(long.MinValue);
                _peer.SetClock(now, SystemClock.Now);
                for (int faults = 0; faults < FaultsPerCallMax && !TryTimeout(now); faults++)
                {
                }
                Drain(now);
                Instant next = _peer.NextTimeout ?? _never;
                sleep = next >= now + _sleepMax ? _sleepMax : next - now;
                sleep = sleep < _sleepMin ? _sleepMin : sleep;
                _wakesAt = now + sleep;
            }
            _ = _rearm.WaitOne(sleep);
        }
    }

    private bool TryTimeout(Instant now)
    {
        try
        {
            _peer.Timeout(now);
            return true;
        }
        catch (Exception e)
        {
            OnFault(now, e);
            return false;
        }
    }

    private void On(in PeerEvent e)
    {
        switch (e.Kind)
        {
            case PeerEventKind.Connected:
                OnConnected(e);
                break;
            case PeerEventKind.ConnectFailed:
                OnConnectFailed(e);
                break;
            case PeerEventKind.Accepted:
                OnAccepted(Track(e.Session!));
                break;
            case PeerEventKind.Session when _connections.TryGetValue(e.Session!, out MeshConnection? connection):
                connection.On(e.Event);
                break;
            default:
                break;
        }
    }

    private void OnConnected(in PeerEvent e)
    {
        MeshConnection connection = Track(e.Session!);
        HostingLog.SessionOpened(_log, connection.RemoteId, e.Session!.Path);
        if (!_attempts.Remove(e.Attempt, out TaskCompletionSource<MeshConnection>? attempt)
            || !attempt.TrySetResult(connection))
        {
            connection.CloseCore(PeerCodes.Abandoned, ""); // its caller gave up
        }
    }

    private void OnConnectFailed(in PeerEvent e)
    {
        HostingLog.ConnectFailed(_log, e.Failure, e.Code);
        if (_attempts.Remove(e.Attempt, out TaskCompletionSource<MeshConnection>? attempt))
        {
            _ = attempt.TrySetException(CloseReasons.Of(e.Failure, e.Code));
        }
    }

    private void OnAccepted(MeshConnection connection)
    {
        if (_accepted.Writer.TryWrite(connection))
        {
            HostingLog.SessionAccepted(_log, connection.RemoteId, connection.Core.Path);
        }
        else
        {
            HostingLog.SessionRefused(_log, connection.RemoteId);
            connection.CloseCore(PeerCodes.Busy, "the accept queue is full");
        }
    }

    private MeshConnection Track(MeshSession session)
    {
        if (!_connections.TryGetValue(session, out MeshConnection? connection))
        {
            connection = new MeshConnection(this, session);
            _connections.Add(session, connection);
        }
        return connection;
    }

    private void CancelAttempt(ulong attempt, CancellationToken cancellationToken)
    {
        lock (Gate)
        {
            if (_attempts.Remove(attempt, out TaskCompletionSource<MeshConnection>? settled))
            {
                _peer.Abandon(attempt);
                _ = settled.TrySetCanceled(cancellationToken);
            }
        }
    }

    private static MeshException Stopped() => new(MeshError.ClosedLocally, PeerCodes.Stopping, "The host was disposed.");
}
