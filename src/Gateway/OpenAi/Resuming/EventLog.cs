using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Gateway.OpenAi.Resuming;

/// <summary>The events of one stream, numbered from 1 on, as many as a client may still ask for.</summary>
/// <remarks>
/// One writer, one reader at a time. What was sent may be asked for once more, since a connection that breaks tells
/// nobody how much of it arrived; the oldest of it makes room first. What was not sent makes the writer wait.
/// </remarks>
internal sealed class EventLog(string streamId)
{
    private readonly Lock _gate = new();

    /// <summary>Each with its id, as it goes to a client.</summary>
    private readonly Queue<byte[]> _events = new();

    private TaskCompletionSource _changed = NewSignal();
    private long _first = 1;
    private long _sent;
    private int _sentBytes;
    private int _unreadBytes;
    private bool _complete;

    private long Last => _first + _events.Count - 1;

    /// <summary>Whether all that follows event <paramref name="number"/> can still be read; so it can where nothing has followed yet.</summary>
    public bool Holds(long number)
    {
        lock (_gate)
        {
            return number >= _first - 1 && number <= Last;
        }
    }

    /// <summary>Takes over what a dialect wrote: whole events. Comments aren't kept.</summary>
    public void Append(ReadOnlySpan<byte> written)
    {
        lock (_gate)
        {
            while (!written.IsEmpty)
            {
                int end = written.IndexOf("\n\n"u8) is >= 0 and int at ? at + 2 : written.Length;
                if (written[0] != (byte)':')
                {
                    byte[] numbered = Number(written[..end], Last + 1);
                    _events.Enqueue(numbered);
                    _unreadBytes += numbered.Length;
                }

                written = written[end..];
            }

            Announce();
        }
    }

    /// <summary>Nothing follows.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _complete = true;
            Announce();
        }
    }

    /// <summary>Writes every event that follows <paramref name="number"/>, which becomes the last one's number.</summary>
    /// <returns>Null when some of them are gone; false when none will follow these.</returns>
    public bool? Read(ref long number, IBufferWriter<byte> output)
    {
        lock (_gate)
        {
            if (number < _first - 1)
            {
                return null;
            }

            long next = _first;
            foreach (byte[] one in _events)
            {
                if (next > number)
                {
                    output.Write(one);
                }

                if (next++ > _sent)
                {
                    _sentBytes += one.Length;
                }
            }

            number = _sent = Last;
            _unreadBytes = 0;
            while (_sentBytes > ResumeLimits.SentBytesMax)
            {
                _sentBytes -= _events.Dequeue().Length;
                _first++;
            }

            Announce();
            return !_complete;
        }
    }

    /// <summary>Completes once something follows event <paramref name="number"/>, or nothing will any more.</summary>
    public Task WaitForEventsAsync(long number, CancellationToken cancellationToken) =>
        WaitAsync(() => Last > number || _complete, cancellationToken);

    /// <summary>Completes once less than <see cref="ResumeLimits.UnreadBytesMax"/> waits for a reader.</summary>
    public Task WaitForRoomAsync(CancellationToken cancellationToken) =>
        WaitAsync(() => _unreadBytes < ResumeLimits.UnreadBytesMax, cancellationToken);

    private async Task WaitAsync(Func<bool> condition, CancellationToken cancellationToken)
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

    private byte[] Number(ReadOnlySpan<byte> written, long number)
    {
        byte[] id = Encoding.ASCII.GetBytes($"id: {EventId.Format(streamId, number)}\n");
        byte[] numbered = new byte[id.Length + written.Length];
        id.CopyTo(numbered, 0);
        written.CopyTo(numbered.AsSpan(id.Length));
        return numbered;
    }

    /// <summary>Under the lock.</summary>
    private void Announce()
    {
        _changed.SetResult();
        _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
