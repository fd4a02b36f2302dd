using System;
using System.Collections.Generic;
using System.Net;
using System.Runtime.CompilerServices;
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
    private readonly StreamOpening _bidirectional;
    private readonly StreamOpening _unidirectional;
    private readonly AsyncSignal _datagram;
    private readonly Channel<MeshStream> _accepted = Channel.CreateBounded<MeshStream>(AcceptQueueMax);
    private readonly TaskCompletionSource<MeshCloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MeshCloseReason? _reason; // set once, under the lock, when the session is over for its user
    private CancellationTokenSource _suspicion = new(); // replaced, under the lock, when it fires

    internal MeshConnection(MeshHost host, MeshSession core)
    {
        _host = host;
        Core = core;
        _datagram = new AsyncSignal(host.Resumptions);
        _bidirectional = new StreamOpening(Gate, priority => TryTrack(Core.OpenStream(priority), StreamDirection.Both));
        _unidirectional = new StreamOpening(
            Gate, priority => TryTrack(Core.OpenUnidirectionalStream(priority), StreamDirection.Write));
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

    /// <summary>The largest datagram that can be sent now; 0 when the peer takes none.</summary>
    public int DatagramBytesMax
    {
        get
        {
            lock (Gate)
            {
                return Core.DatagramBytesMax;
            }
        }
    }

    /// <summary>Completes, never fails, when the session is over.</summary>
    public Task<MeshCloseReason> Closed => _closed.Task;

    /// <summary>Fires when the peer leaves open requests without any sign of life: it may be gone, or come back.</summary>
    /// <remarks>It has fired already for a peer that gave none since: nobody need wait for it to be suspected once more.</remarks>
    public CancellationToken Suspicion
    {
        get
        {
            lock (Gate)
            {
                return Core.Connection.IsSuspected ? new CancellationToken(canceled: true) : _suspicion.Token;
            }
        }
    }

    internal MeshSession Core { get; }

    internal Lock Gate => _host.Gate;

    internal Resumptions Resumptions => _host.Resumptions;

    /// <summary>Opens a stream, after a wait if the peer admits no more at the moment.</summary>
    /// <exception cref="MeshException">The session is over.</exception>
    public ValueTask<MeshStream> OpenStreamAsync(StreamPriority priority, CancellationToken cancellationToken) =>
        _bidirectional.OpenAsync(priority, cancellationToken);

    /// <summary>Opens a stream on which only this side writes; a peer that expects none never admits one.</summary>
    /// <exception cref="MeshException">The session is over.</exception>
    public ValueTask<MeshStream> OpenUnidirectionalStreamAsync(StreamPriority priority, CancellationToken cancellationToken) =>
        _unidirectional.OpenAsync(priority, cancellationToken);

    /// <summary>The next stream that the peer opened; a unidirectional one can only be read.</summary>
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

    /// <summary>Sends bytes that arrive once or not at all, in any order; false when they are more than can be sent now.</summary>
    /// <remarks>When more wait than the queue holds, the oldest is dropped. Nothing is sent once the session is over.</remarks>
    public bool TrySendDatagram(ReadOnlySpan<byte> datagram)
    {
        lock (Gate)
        {
            bool isQueued = Core.TrySendDatagram(datagram);
            Flush();
            return isQueued;
        }
    }

    /// <summary>The next datagram of the peer, and its length; one call may wait at a time.</summary>
    /// <remarks>When more come than the queue holds before they are taken, the oldest is dropped.</remarks>
    /// <exception cref="ArgumentException">The buffer is too short for the datagram, which stays.</exception>
    /// <exception cref="MeshException">The session is over.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReceiveDatagramAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            ValueTask received;
            lock (Gate)
            {
                ThrowIfClosed();
                if (Core.TryReceiveDatagram(buffer.Span, out int length))
                {
                    return length;
                }
                received = _datagram.IsWaiting
                    ? throw new InvalidOperationException("Another call waits for a datagram of this session.")
                    : _datagram.WaitAsync();
            }
            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static (connection, token) => ((MeshConnection)connection!).CancelReceive(token), this);
            await received;
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
                (e.Stream.IsBidirectional ? _bidirectional : _unidirectional).OnCredit();
                break;
            case ConnectionEventKind.DatagramReceived:
                _datagram.Set();
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
        MeshStream stream = Track(id, id.IsBidirectional ? StreamDirection.Both : StreamDirection.Read);
        if (!_accepted.Writer.TryWrite(stream))
        {
            _host.OnStreamRefused(this);
            stream.Abort(StreamDirection.Both, PeerCodes.Busy);
        }
    }

    private MeshStream? TryTrack(StreamId? opened, StreamDirection directions)
    {
        ThrowIfClosed();
        return opened is { } id ? Track(id, directions) : null;
    }

    private MeshStream Track(StreamId id, StreamDirection directions)
    {
        MeshStream stream = new(this, id, directions);
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
        _bidirectional.Fail(CloseException);
        _unidirectional.Fail(CloseException);
        _datagram.Set();
        foreach (MeshStream stream in new List<MeshStream>(_streams.Values))
        {
            stream.Fail(StreamDirection.Both, CloseException());
        }
        _closed.SetResult(reason);
        _host.OnClosed(this, reason);
    }

    private void CancelReceive(CancellationToken cancellationToken)
    {
        lock (Gate)
        {
            _datagram.Cancel(cancellationToken);
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
