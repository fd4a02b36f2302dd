using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Frames;

namespace Darkbloom.Mesh.Hosting;

/// <summary>One flow-controlled stream; disposing it aborts whatever has not ended.</summary>
/// <remarks>
/// Reads and writes throw <see cref="MeshException"/> once the peer resets the stream or the session ends. One read and
/// one write may be under way at a time. A cancelled read has taken nothing; a cancelled write may have sent a part: the
/// stream stays usable after both. A unidirectional stream lacks a direction: it counts as finished from the start, and
/// using it is the caller's fault. Synchronous reads and writes would park a thread on the network and are not supported.
/// <code>
/// each direction:  Open -> [end of data]                 -> Finished
///                  Open -> [abort here or at the peer]   -> Aborted
///                  Open -> [session ends]                -> Aborted
/// </code>
/// </remarks>
public sealed class MeshStream : Stream
{
    private readonly AsyncSignal _readable;
    private readonly AsyncSignal _writable;
    private readonly StreamDirection _directions;
    private Direction _reads = new();
    private Direction _writes = new();
    private bool _completed;
    private bool _disposed;

    /// <param name="directions">Read, Write or both: what the stream has.</param>
    internal MeshStream(MeshConnection connection, StreamId id, StreamDirection directions)
    {
        Connection = connection;
        StreamId = id;
        _readable = new AsyncSignal(connection.Resumptions);
        _writable = new AsyncSignal(connection.Resumptions);
        _directions = directions;
        if (!directions.HasFlag(StreamDirection.Read))
        {
            _reads.Finish();
        }
        if (!directions.HasFlag(StreamDirection.Write))
        {
            _writes.Finish();
        }
    }

    public long Id => (long)StreamId.Value;

    public MeshConnection Connection { get; }

    /// <summary>Completes when the peer's data was read to its end; fails with why it never will be.</summary>
    public Task ReadsClosed => _reads.WhenClosedAsync(Connection.Gate);

    /// <summary>Completes when the peer has everything, the end included; fails with why it never will.</summary>
    public Task WritesClosed => _writes.WhenClosedAsync(Connection.Gate);

    public override bool CanRead => !_disposed && _directions.HasFlag(StreamDirection.Read);

    public override bool CanWrite => !_disposed && _directions.HasFlag(StreamDirection.Write);

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    internal StreamId StreamId { get; }

    private Lock Gate => Connection.Gate;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            ValueTask changed;
            lock (Gate)
            {
                if (TryRead(buffer.Span, out int read))
                {
                    return read;
                }
                changed = WaitAsync(_readable);
            }
            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static (stream, token) => ((MeshStream)stream!).Cancel(((MeshStream)stream)._readable, token), this);
            await changed;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            ValueTask changed;
            lock (Gate)
            {
                buffer = buffer[WriteSome(buffer.Span)..];
                if (buffer.IsEmpty)
                {
                    return;
                }
                changed = WaitAsync(_writable);
            }
            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static (stream, token) => ((MeshStream)stream!).Cancel(((MeshStream)stream)._writable, token), this);
            await changed;
        }
    }

    /// <summary>Ends this side's writes; the peer reads 0 bytes after the last one.</summary>
    public void CompleteWrites()
    {
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_writes.IsOpen && !_completed)
            {
                _completed = true;
                Connection.Core.CompleteWrites(StreamId);
                Connection.Flush();
            }
        }
    }

    /// <summary>Ends a direction at once; harmless when it has ended already.</summary>
    public void Abort(StreamDirection direction, ulong errorCode)
    {
        lock (Gate)
        {
            AbortCore(direction, errorCode);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw Synchronous();

    public override void Write(byte[] buffer, int offset, int count) => throw Synchronous();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Does nothing: a write is on its way when it returns.</summary>
    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The peer sent data or an end: whoever waits reads it.</summary>
    internal void OnReadable() => _readable.Set();

    /// <summary>The peer's window or the send buffer has room again.</summary>
    internal void OnWritable() => _writable.Set();

    /// <summary>The peer has acknowledged every byte and the end.</summary>
    internal void OnDelivered()
    {
        if (_writes.IsOpen)
        {
            _writes.Finish();
            ForgetWhenClosed();
        }
    }

    /// <summary>A direction ended before its time: pending and later calls fail with <paramref name="error"/>.</summary>
    internal void Fail(StreamDirection direction, MeshException error)
    {
        if (direction.HasFlag(StreamDirection.Read))
        {
            _reads.Fail(error);
            _readable.Set();
        }
        if (direction.HasFlag(StreamDirection.Write))
        {
            _writes.Fail(error);
            _writable.Set();
        }
        ForgetWhenClosed();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (Gate)
            {
                if (!_disposed)
                {
                    _disposed = true;
                    AbortCore(StreamDirection.Both, PeerCodes.Abandoned);
                }
            }
        }
        base.Dispose(disposing);
    }

    private void AbortCore(StreamDirection direction, ulong errorCode)
    {
        MeshException error = new(MeshError.ClosedLocally, errorCode, "The stream was aborted here.");
        if (direction.HasFlag(StreamDirection.Read) && _reads.IsOpen)
        {
            Connection.Core.StopSending(StreamId, errorCode);
            Fail(StreamDirection.Read, error);
        }
        if (direction.HasFlag(StreamDirection.Write) && _writes.IsOpen && !(_disposed && _completed))
        {
            Connection.Core.Reset(StreamId, errorCode);
            Fail(StreamDirection.Write, error);
        }
        Connection.Flush();
    }

    /// <summary>False when nothing has arrived yet.</summary>
    private bool TryRead(Span<byte> target, out int read)
    {
        ThrowIfUnusable(StreamDirection.Read);
        read = 0;
        if (_reads.IsFinished || target.IsEmpty)
        {
            return true;
        }
        _reads.ThrowIfFailed();
        read = Connection.Core.Read(StreamId, target, out bool finished);
        if (finished)
        {
            _reads.Finish();
            ForgetWhenClosed();
        }
        if (read > 0)
        {
            Connection.Flush(); // the window that the read opened goes to the peer
        }
        return read > 0 || finished;
    }

    private int WriteSome(ReadOnlySpan<byte> source)
    {
        ThrowIfUnusable(StreamDirection.Write);
        _writes.ThrowIfFailed();
        if (_completed)
        {
            throw new InvalidOperationException("The writes of this stream were completed.");
        }
        int written = Connection.Core.Write(StreamId, source);
        Connection.Flush();
        return written;
    }

    private void ThrowIfUnusable(StreamDirection direction)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_directions.HasFlag(direction))
        {
            throw new NotSupportedException($"This stream is unidirectional and has no {direction.ToString().ToLowerInvariant()} side.");
        }
    }

    private static ValueTask WaitAsync(AsyncSignal signal) => signal.IsWaiting
        ? throw new InvalidOperationException("Another call of the same direction is under way on this stream.")
        : signal.WaitAsync();

    private void Cancel(AsyncSignal signal, CancellationToken cancellationToken)
    {
        lock (Gate)
        {
            signal.Cancel(cancellationToken);
        }
    }

    private void ForgetWhenClosed()
    {
        if (!_reads.IsOpen && !_writes.IsOpen)
        {
            Connection.Forget(this);
        }
    }

    private static NotSupportedException Synchronous() => new("Use ReadAsync and WriteAsync: a mesh stream never blocks a thread.");

    /// <summary>One half of the stream: open, finished, or failed with the reason.</summary>
    private struct Direction()
    {
        private TaskCompletionSource? _closed;
        private MeshException? _error;

        public bool IsFinished { get; private set; }

        public readonly bool IsOpen => !IsFinished && _error is null;

        public void Finish()
        {
            Debug.Assert(IsOpen, "A direction ends once.");
            IsFinished = true;
            _closed?.SetResult();
        }

        public void Fail(MeshException error)
        {
            if (IsOpen)
            {
                _error = error;
                Complete(_closed);
            }
        }

        /// <summary>Throws a fresh exception: one instance thrown twice would carry two stack traces.</summary>
        public readonly void ThrowIfFailed()
        {
            if (_error is { } e)
            {
                throw new MeshException(e.Error, e.Code, e.Message);
            }
        }

        public Task WhenClosedAsync(Lock gate)
        {
            lock (gate)
            {
                if (_closed is null)
                {
                    _closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    if (IsFinished)
                    {
                        _closed.SetResult();
                    }
                    else if (_error is not null)
                    {
                        Complete(_closed);
                    }
                }
                return _closed.Task;
            }
        }

        private readonly void Complete(TaskCompletionSource? closed)
        {
            if (closed is not null)
            {
                closed.SetException(_error!);
                _ = closed.Task.Exception; // seen: nobody is obliged to await it
            }
        }
    }
}
