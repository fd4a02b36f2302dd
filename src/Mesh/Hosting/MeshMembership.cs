using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Mesh.Membership;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Keeps this peer a member: enrols, renews its ticket, publishes its card, follows the directory, reconnects.</summary>
/// <remarks>Drives a <see cref="MembershipState"/>, which decides; this class holds its lock, its timer and its session.</remarks>
public sealed class MeshMembership : IAsyncDisposable
{
    /// <summary>Introductions that nobody took yet; the oldest make room, for the peer in question will try again.</summary>
    public const int IntroductionsQueuedMax = 64;

    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan TimerMin = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan TimerMax = TimeSpan.FromHours(1);
    private static readonly TimeSpan TimerAfterFault = TimeSpan.FromSeconds(1);

    private readonly MeshHost _host;
    private readonly RendezvousAddress _rendezvous;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly MembershipState _state;
    private readonly Timer _timer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _enrolled = NewSource();
    private readonly TaskCompletionSource _published = NewSource();
    private readonly Channel<Introduction> _introductions = Channel.CreateBounded<Introduction>(
        new BoundedChannelOptions(IntroductionsQueuedMax) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly List<Task> _work = [];

    private TaskCompletionSource _changed = NewSource();
    private volatile MembershipSnapshot _snapshot = MembershipSnapshot.Empty;
    private MeshConnection? _connection;
    private MembershipStatus _status = new(MembershipStage.Away, "");
    private bool _disposed;

    private MeshMembership(MeshHost host, MembershipOptions options, ILogger logger)
    {
        _host = host;
        _rendezvous = options.Rendezvous;
        _logger = logger;
        Enrolled = _enrolled.Task;
        Published = _published.Task;
        MembershipProfile profile = new(host.Network, host.PublicKey, options.Roles, options.JoinSecret);
        Prng prng = new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        _state = new MembershipState(MeshHost.Now, profile, prng);
        _timer = new Timer(_ => OnTimer());
    }

    /// <summary>Starts in the background; a rendezvous that is down is retried with backoff, never an exception.</summary>
    public static MeshMembership Start(MeshHost host, MembershipOptions options, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(options);
        MeshMembership membership = new(host, options, loggers.CreateLogger<MeshMembership>());
        membership.Drive(static (state, now, unixNow) => state.Timeout(now, unixNow));
        return membership;
    }

    /// <summary>Completes once a ticket was granted; cancelled when this membership is disposed before.</summary>
    public Task Enrolled { get; }

    /// <summary>Completes once the rendezvous has listed a card of this peer; cancelled like <see cref="Enrolled"/>.</summary>
    public Task Published { get; }

    /// <summary>Whether this peer has a ticket in force, with or without a session.</summary>
    public bool IsEnrolled
    {
        get
        {
            lock (_gate)
            {
                return _state.Ticket is { } ticket && SystemClock.Now < ticket.Ticket.NotAfter;
            }
        }
    }

    public MembershipStatus Status
    {
        get
        {
            lock (_gate)
            {
                return _status;
            }
        }
    }

    public MembershipSnapshot Snapshot => _snapshot;

    /// <summary>Peers that the rendezvous says are about to reach this one; one reader.</summary>
    public ChannelReader<Introduction> Introductions => _introductions.Reader;

    /// <summary>Completes when a snapshot newer than the given version exists.</summary>
    public async Task<MembershipSnapshot> WaitForChangeAsync(ulong knownVersion, CancellationToken cancellationToken)
    {
        await WaitForAsync(() => _snapshot.Version > knownVersion, cancellationToken);
        return _snapshot;
    }

    /// <summary>Completes once the status satisfies <paramref name="condition"/>, which runs under this object's lock.</summary>
    public Task WaitForStatusAsync(Func<MembershipStatus, bool> condition, CancellationToken cancellationToken) =>
        WaitForAsync(() => condition(_status), cancellationToken);

    private async Task WaitForAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (condition())
                {
                    return;
                }
                changed = _changed.Task;
            }
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Publishes the card now and after every reconnect; the newest epoch wins.</summary>
    /// <exception cref="ArgumentException">The card breaks a rule of <see cref="PeerCardRules"/>.</exception>
    public void Publish(PeerCard card) => Drive((state, now, _) => state.Publish(now, card));

    /// <summary>Endpoints of a peer, after asking the rendezvous to introduce us; empty when it doesn't know the peer.</summary>
    /// <remarks>When the rendezvous is out of reach, the endpoints are those of the last listing.</remarks>
    public async ValueTask<ImmutableArray<Endpoint>> IntroduceAsync(PeerId peer, CancellationToken cancellationToken)
    {
        MeshConnection? connection;
        lock (_gate)
        {
            connection = _connection;
        }
        if (connection is not null)
        {
            RendezvousRequest request = new() { Introduce = new IntroduceRequest { PeerId = ByteString.CopyFrom(peer.ToBytes()) } };
            try
            {
                RendezvousResponse response = await RendezvousClient.AskAsync(connection, request, cancellationToken);
                if (response.BodyCase == RendezvousResponse.BodyOneofCase.Introduced)
                {
                    return [.. response.Introduced.Endpoints];
                }
                if (response.BodyCase == RendezvousResponse.BodyOneofCase.Error && response.Error.Code == RendezvousErrorCode.UnknownPeer)
                {
                    return [];
                }
            }
            catch (IOException)
            {
                // The listing has to do.
            }
        }
        return ListedEndpoints(peer);
    }

    /// <summary>Takes this peer's card off the directory, as far as the rendezvous can be reached, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        MeshConnection? connection;
        Task[] work;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }
            _disposed = true;
            connection = _connection;
            work = [.. _work];
        }
        await _timer.DisposeAsync();
        await WithdrawAsync(connection);
        await _stopping.CancelAsync();
        _ = _enrolled.TrySetCanceled();
        _ = _published.TrySetCanceled();
        _ = _introductions.Writer.TryComplete();
        await Task.WhenAll(work);
        _stopping.Dispose();
    }

    private async Task WithdrawAsync(MeshConnection? connection)
    {
        if (connection is null)
        {
            return;
        }
        using CancellationTokenSource timeout = new(FarewellTimeout);
        try
        {
            _ = await RendezvousClient.AskAsync(connection, new RendezvousRequest { Withdraw = new Withdraw() }, timeout.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The card lapses by itself.
        }
    }

    private ImmutableArray<Endpoint> ListedEndpoints(PeerId peer)
    {
        DirectoryEntry? entry = _snapshot.Entries.FirstOrDefault(
            entry => PublicKey.TryRead(entry.Card.PublicKey.Span, out PublicKey key) && PeerId.Of(key) == peer);
        return entry is null ? [] : [.. entry.Card.Endpoints];
    }

    /// <summary>Nothing may leave this method: an exception on a timer's thread would end the process.</summary>
    private void OnTimer()
    {
        try
        {
            Drive(static (state, now, unixNow) => state.Timeout(now, unixNow));
        }
        catch (Exception e)
        {
            MembershipLog.Failed(_logger, e.GetType().Name, e.StackTrace);
            lock (_gate)
            {
                if (!_disposed)
                {
                    _ = _timer.Change(TimerAfterFault, Timeout.InfiniteTimeSpan);
                }
            }
        }
    }

    /// <summary>Hands the state one input, then carries out what it decided.</summary>
    private void Drive(Action<MembershipState, Instant, UnixTime> input)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }
            input(_state, MeshHost.Now, SystemClock.Now);
            while (_state.TryTakeCommand(out MembershipCommand? command))
            {
                Execute(command!);
            }
            ShowChanges();
            if (_state.NextTimeout is { } next)
            {
                TimeSpan delay = next - MeshHost.Now;
                _ = _timer.Change(delay < TimerMin ? TimerMin : delay > TimerMax ? TimerMax : delay, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Execute(MembershipCommand command)
    {
        switch (command)
        {
            case MembershipCommand.UseTicket use:
                _host.UseTicket(use.Envelope);
                break;
            case MembershipCommand.TrustTicketKey trust:
                _host.TrustTicketKey(trust.Key);
                break;
            case MembershipCommand.Connect:
                Run(() => HoldSessionAsync(_stopping.Token));
                break;
            case MembershipCommand.Ask ask when _connection is { } connection:
                Run(() => AskAsync(connection, ask, _stopping.Token));
                break;
            case MembershipCommand.Subscribe subscribe when _connection is { } connection:
                Run(() => FollowAsync(connection, subscribe, _stopping.Token));
                break;
            default:
                break;
        }
    }

    private void Run(Func<Task> work)
    {
        _ = _work.RemoveAll(task => task.IsCompleted);
        _work.Add(Task.Run(work));
    }

    private void ShowChanges()
    {
        if (_state.Ticket is not null)
        {
            _ = _enrolled.TrySetResult();
        }
        if (_state.PublishedCard is not null)
        {
            _ = _published.TrySetResult();
        }
        MembershipStatus status = new(_state.Stage, _state.Fault);
        if (_state.EntriesVersion == _snapshot.Version && status == _status)
        {
            return;
        }
        if (_state.EntriesVersion != _snapshot.Version)
        {
            _snapshot = new MembershipSnapshot(_state.EntriesVersion, _state.Entries);
            MembershipLog.DirectoryChanged(_logger, _snapshot.Entries.Length, _snapshot.Version);
        }
        if (status.Stage != _status.Stage)
        {
            MembershipLog.StageChanged(_logger, status.Stage);
        }
        if (status.Fault != _status.Fault && status.Fault.Length > 0)
        {
            MembershipLog.Faulted(_logger, status.Fault);
        }
        _status = status;
        TaskCompletionSource changed = _changed;
        _changed = NewSource();
        changed.SetResult();
    }

    private async Task HoldSessionAsync(CancellationToken cancellationToken)
    {
        MeshConnection connection;
        try
        {
            connection = await RendezvousClient.ConnectAsync(_host, _rendezvous, cancellationToken);
        }
        catch (MeshException e) when (e.Error == MeshError.TicketRejected)
        {
            Drive(static (state, now, _) => state.OnTicketRejected(now));
            return;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            string reason = e is MeshException
                ? $"The rendezvous at {_rendezvous.Host}:{_rendezvous.Port} can't be reached: {e.Message}"
                : e.Message;
            Drive((state, now, _) => state.OnConnectFailed(now, reason));
            return;
        }
        Drive((state, now, unixNow) =>
        {
            _connection = connection;
            state.OnConnected(now, unixNow);
        });
        await using (connection)
        {
            try
            {
                MeshCloseReason reason = await connection.Closed.WaitAsync(cancellationToken);
                Drive((state, now, _) =>
                {
                    _connection = null;
                    state.OnClosed(now, $"The session with the rendezvous ended ({reason.Error}).");
                });
            }
            catch (OperationCanceledException)
            {
                // This membership is being disposed: the session goes with it.
            }
        }
    }

    private async Task AskAsync(MeshConnection connection, MembershipCommand.Ask ask, CancellationToken cancellationToken)
    {
        try
        {
            RendezvousResponse response = await RendezvousClient.AskAsync(connection, ask.Request, cancellationToken);
            DriveSession(connection, (state, now, unixNow) => state.OnResponse(now, unixNow, ask.Job, response));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            DriveSession(connection, (state, now, _) => state.OnRequestFailed(now, ask.Job, e.Message));
        }
    }

    private async Task FollowAsync(MeshConnection connection, MembershipCommand.Subscribe subscribe, CancellationToken cancellationToken)
    {
        string reason = "The rendezvous ended the notices.";
        try
        {
            await foreach (RendezvousNotice notice in RendezvousClient.FollowAsync(connection, subscribe.Request, cancellationToken))
            {
                OfferIntroduction(notice);
                DriveSession(connection, (state, now, _) => state.OnNotice(now, notice));
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            reason = e.Message;
        }
        DriveSession(connection, (state, now, _) => state.OnRequestFailed(now, MembershipJob.Notices, reason));
    }

    private void OfferIntroduction(RendezvousNotice notice)
    {
        if (notice.BodyCase == RendezvousNotice.BodyOneofCase.Introduction
            && PeerId.TryRead(notice.Introduction.PeerId.Span, out PeerId peer))
        {
            _ = _introductions.Writer.TryWrite(new Introduction(peer, [.. notice.Introduction.Endpoints.Take(PeerCardRules.EndpointsMax)]));
        }
    }

    /// <summary>An input that counts only while its session is the current one.</summary>
    private void DriveSession(MeshConnection connection, Action<MembershipState, Instant, UnixTime> input) =>
        Drive((state, now, unixNow) =>
        {
            if (ReferenceEquals(_connection, connection))
            {
                input(state, now, unixNow);
            }
        });

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
