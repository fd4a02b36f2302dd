using System;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Rendezvous.Log;
using Darkbloom.Rendezvous.Tickets;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>Holds the registrar's lock, timer, journal and subscribers; answers leave once their records are durable.</summary>
internal sealed class RegistrarDriver : IAsyncDisposable
{
    private static readonly TimeSpan TimerMin = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan TimerAfterFault = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Registrar _registrar;
    private readonly TicketJournal _journal;
    private readonly Timer _timer;
    private readonly NoticeQueues _notices = new();
    private long _compactAtBytes;
    private bool _disposed;

    private RegistrarDriver(Registrar registrar, TicketJournal journal)
    {
        _registrar = registrar;
        _journal = journal;
        _timer = new Timer(_ => OnTimer());
    }

    /// <summary>False after a record could not be made durable: no ticket leaves any more.</summary>
    public bool IsHealthy { get; private set; } = true;

    private static UnixTime UnixNow => new(DateTimeOffset.UtcNow.ToUnixTimeSeconds());

    /// <summary>Replays the journal into the registrar and compacts it when it has grown long.</summary>
    public static async Task<RegistrarDriver> StartAsync(
        Func<Instant, UnixTime, Registrar> create, TicketJournal journal, CancellationToken cancellationToken)
    {
        Registrar registrar = create(MeshHost.Now, UnixNow);
        await foreach (JournalRecord record in journal.ReadAllAsync(cancellationToken))
        {
            registrar.Restore(record);
        }
        RegistrarDriver driver = new(registrar, journal) { _compactAtBytes = HostingLimits.CompactionBytesMin };
        long address;
        lock (driver._gate)
        {
            address = driver.Drain();
        }
        await journal.CommitAsync(address, cancellationToken);
        return driver;
    }

    public RegistrarCounts Counts
    {
        get
        {
            lock (_gate)
            {
                return new RegistrarCounts(_registrar.EnrolledCount, _registrar.CardCount, _registrar.SubscriberCount, _journal.Bytes);
            }
        }
    }

    public async ValueTask<RendezvousResponse> HandleAsync(PeerSession session, RendezvousRequest request)
    {
        RendezvousResponse response;
        long address;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            response = _registrar.Handle(MeshHost.Now, UnixNow, session, request);
            address = Drain();
        }
        await CommitAsync(address);
        return response;
    }

    /// <summary>Handles a subscription; the reader is null when it was refused, and ends when a newer one takes its place.</summary>
    public (RendezvousResponse Response, ChannelReader<RendezvousNotice>? Notices) Subscribe(PeerSession session, RendezvousRequest request)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            RendezvousResponse response = _registrar.Handle(MeshHost.Now, UnixNow, session, request);
            if (response.BodyCase != RendezvousResponse.BodyOneofCase.Done)
            {
                return (response, null);
            }
            ChannelReader<RendezvousNotice> notices = _notices.Open(session.Id);
            _ = Drain();
            return (response, notices);
        }
    }

    public void Unsubscribe(PeerId peer, ChannelReader<RendezvousNotice> notices)
    {
        lock (_gate)
        {
            if (_notices.Close(peer, notices))
            {
                _registrar.Unsubscribe(peer);
            }
        }
    }

    public async ValueTask<Revocation> RevokeAsync(string digits)
    {
        Revocation revocation;
        long address;
        lock (_gate)
        {
            revocation = _registrar.Revoke(MeshHost.Now, UnixNow, digits);
            address = Drain();
        }
        await CommitAsync(address);
        return revocation;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
        }
        await _timer.DisposeAsync();
    }

    private async ValueTask CommitAsync(long address)
    {
        try
        {
            await _journal.CommitAsync(address, CancellationToken.None);
        }
        catch
        {
            IsHealthy = false;
            throw;
        }
    }

    /// <summary>Nothing may leave this method: an exception on a timer's thread would end the process.</summary>
    private void OnTimer()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }
            try
            {
                _registrar.Timeout(MeshHost.Now, UnixNow);
                _ = Drain();
            }
            catch (Exception)
            {
                // The journal took no record, or the registrar failed: readiness tells it, and the next turn tries again.
                IsHealthy = false;
                _ = _timer.Change(TimerAfterFault, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Carries out what the registrar decided; returns the journal address to commit before answering.</summary>
    private long Drain()
    {
        long address = 0;
        while (_registrar.TryTakeRecord(out JournalRecord? record))
        {
            address = _journal.Append(record!);
        }
        if (_journal.Bytes > _compactAtBytes)
        {
            address = _journal.Compact(_registrar.ToRecords(UnixNow));
            _compactAtBytes = Math.Max(HostingLimits.CompactionBytesMin, _journal.Bytes * HostingLimits.CompactionGrowth);
        }
        while (_registrar.TryTakeNotice(out AddressedNotice notice))
        {
            _notices.Post(notice);
        }
        if (_registrar.NextTimeout is { } next)
        {
            TimeSpan delay = next - MeshHost.Now;
            _ = _timer.Change(delay < TimerMin ? TimerMin : delay, Timeout.InfiniteTimeSpan);
        }
        return address;
    }
}

/// <summary>How much a rendezvous remembers at this moment.</summary>
internal readonly record struct RegistrarCounts(int EnrolledPeers, int Cards, int Subscribers, long JournalBytes);
