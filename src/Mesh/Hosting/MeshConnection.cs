using System;
using System.Collections.Generic;
using System.Net;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Hosting;

/// <summary>A session with one peer; shape of System.Net.Quic.QuicConnection.</summary>
public sealed class MeshConnection : IAsyncDisposable
{
    /// <summary>Streams of the peer that nobody accepted yet; a further one is refused with <see cref="PeerCodes.Busy"/>.</summary>
    public const int AcceptQueueMax = 256;

    private readonly MeshHost _host;
    private readonly Dictionary<StreamId, MeshStream> _streams = [];
    private readonly AsyncSignal _streamCredit;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly Channel<MeshStream> _accepted = Channel.CreateBounded<MeshStream>(AcceptQueueMax);
    private readonly TaskCompletionSource<MeshCloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MeshCloseReason? _reason; // set once, under the lock, when the session is over for its user
    private CancellationTokenSource _suspicion = new(); // replaced, under the lock, when it fires

    internal MeshConnection(MeshHost host, MeshSession core)
    {
        _host = host;
        Core = core;
        _streamCredit = new AsyncSignal(host.Resumptions);
    }

    public PeerId RemoteId => Core.RemoteId;

    public PublicKey RemoteKey => Core.RemoteKey;

    /// <summary>Null only for pinned peers and, on the rendezvous, for peers not yet enrolled.</summary>
    public VerifiedTicket? RemoteTicket => Core.RemoteTicket;

    /// <summary>Where the peer's packets come from now; it moves when the peer's network does.</summary>
    public IPEndPoint RemoteEndPoint
    {
        get
        {
            lock (Gate)
            {
                return Core.Path.ToEndPoint();
            }
        }
    }

    public TimeSpan SmoothedRtt
    {
        get
        {
            lock (Gate)
            {
                return Core.SmoothedRtt;
            }
        }
    }

    /// <summary>What this connection has sent, received and lost, at one moment.</summary>
    public ConnectionStatistics Statistics
    {
        get
        {
            lock (Gate)
            {
                return Core.Connection.Statistics;
            }
        }
    }

    /// <summary>Completes, never fails, when the session is over.</summary>
    public Task<MeshCloseReason> Closed => _closed.Task;

    /// <summary>Fires when the peer next leaves open requests without any sign of life: it may be gone, or come back.</summary>
    public CancellationToken Suspicion
    {
        get
        {
            lock (Gate)
            {
                return _suspicion.Token;
            }
        }
    }

    internal MeshSession Core { get; }

    internal Lock Gate => _host.Gate;

    internal Resumptions Resumptions => _host.Resumptions;

    /// <summary>Opens a stream, after a wait if the peer admits no more at the moment.</summary>
    /// <exception cref="MeshException">The session is over.</exception>
    public async ValueTask<MeshStream> OpenStreamAsync(StreamPriority priority, CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken); // callers are served in the order in which they came
        try
        {
            while (true)
            {
                ValueTask credit;
                lock (Gate)
                {
                    ThrowIfClosed();
                    if (Core.OpenStream(priority) is { } id)
                    {
                        return Track(id);
                    }
                    credit = _streamCredit.WaitAsync();
                }
                using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                    static (connection, token) => ((MeshConnection)connection!).CancelOpen(token), this);
                await credit;
            }
        }
        finally
        {
            _ = _opening.Release();
        }
    }

    /// <exception cref="MeshException">The session is over.</exception>
    public async ValueTask<MeshStream> AcceptStreamAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _accepted.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw CloseException();
        }
    }

    /// <summary>Tells the peer and ends the session at once; streams that have not finished fail on both sides.</summary>
    public ValueTask CloseAsync(ulong errorCode, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        lock (Gate)
        {
            CloseCore(errorCode, reason);
        }
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => CloseAsync(PeerCodes.Abandoned, "");

    public override string ToString() => $"session with {RemoteId}";

    internal void Flush() => _host.Drain(MeshHost.Now);

    internal void Forget(MeshStream stream) => _streams.Remove(stream.StreamId);

    internal void CloseCore(ulong errorCode, string reason)
    {
        if (_reason is null)
        {
            Core.Close(MeshHost.Now, errorCode, reason);
            Finish(new MeshCloseReason(MeshError.ClosedLocally, errorCode, reason));
            Flush();
        }
    }

    /// <summary>Takes one event of the session, under the lock.</summary>
    internal void On(in ConnectionEvent e)
    {
        switch (e.Kind)
        {
            case ConnectionEventKind.StreamOpened:
                OnStreamOpened(e.Stream);
                break;
            case ConnectionEventKind.StreamReadable when _streams.TryGetValue(e.Stream, out MeshStream? stream):
                stream.OnReadable();
                break;
            case ConnectionEventKind.StreamWritable when _streams.TryGetValue(e.Stream, out MeshStream? stream):
                stream.OnWritable();
                break;
            case ConnectionEventKind.StreamFinished when _streams.TryGetValue(e.Stream, out MeshStream? stream):
                stream.OnDelivered();
                break;
            case ConnectionEventKind.StreamReset when _streams.TryGetValue(e.Stream, out MeshStream? stream):
                stream.Fail(StreamDirection.Read, CloseReasons.OfStream(e.Code, "The peer reset the stream."));
                break;
            case ConnectionEventKind.StreamStopped when _streams.TryGetValue(e.Stream, out MeshStream? stream):
                stream.Fail(StreamDirection.Write, CloseReasons.OfStream(e.Code, "The peer reads no more."));
                break;
            case ConnectionEventKind.StreamsAvailable:
                _streamCredit.Set();
                break;
            case ConnectionEventKind.Suspected:
                OnSuspected();
                break;
            case ConnectionEventKind.Closed:
                Finish(CloseReasons.Of(e.Reason!));
                break;
            default:
                break;
        }
    }

    private void OnSuspected()
    {
        CancellationTokenSource fired = _suspicion;
        _suspicion = new CancellationTokenSource();

        // Whoever waits goes on upon the pool, never under the lock.
        _ = ThreadPool.UnsafeQueueUserWorkItem(static source => source.Cancel(), fired, preferLocal: false);
    }

    private void OnStreamOpened(StreamId id)
    {
        MeshStream stream = Track(id);
        if (!_accepted.Writer.TryWrite(stream))
        {
            _host.OnStreamRefused(this);
            stream.Abort(StreamDirection.Both, PeerCodes.Busy);
        }
    }

    private MeshStream Track(StreamId id)
    {
        MeshStream stream = new(this, id);
        _streams.Add(id, stream);
        return stream;
    }

    /// <summary>Ends everything that its user can still wait for.</summary>
    private void Finish(MeshCloseReason reason)
    {
        if (_reason is not null)
        {
            return;
        }
        _reason = reason;
        _ = _accepted.Writer.TryComplete();
        _streamCredit.Set();
        foreach (MeshStream stream in new List<MeshStream>(_streams.Values))
        {
            stream.Fail(StreamDirection.Both, CloseException());
        }
        _closed.SetResult(reason);
        _host.OnClosed(this, reason);
    }

    private void CancelOpen(CancellationToken cancellationToken)
    {
        lock (Gate)
        {
            _streamCredit.Cancel(cancellationToken);
        }
    }

    private void ThrowIfClosed()
    {
        if (_reason is not null)
        {
            throw CloseException();
        }
    }

    private MeshException CloseException()
    {
        MeshCloseReason reason = _reason ?? new MeshCloseReason(MeshError.ClosedLocally, PeerCodes.Abandoned, "");
        return new MeshException(reason.Error, reason.Code, reason.Text.Length > 0
            ? $"The session with {RemoteId} is over ({reason.Error}): {reason.Text}"
            : $"The session with {RemoteId} is over ({reason.Error}).");
    }
}
