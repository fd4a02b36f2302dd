using System;
using System.Security.Cryptography;
using System.Text;
using System.Threading;

namespace Darkbloom.Gateway.OpenAi.Resuming;

/// <summary>A stream of events that outlives the connection of its client for a while.</summary>
/// <remarks>
/// <code>
/// Away      -> [its first response begins]      -> Attached
/// Attached  -> [the connection ends]           -> Away       the clock of the absence starts
/// Attached  -> [a request with an event's id]  -> Attached   the newer connection reads, the older one ends
/// Away      -> [a request with an event's id]  -> Attached
/// Away      -> [absence over]                  -> Abandoned  the generation is cancelled
/// any but Abandoned: the answer may end; the stream stays for one absence after its last reader, then it is dropped.
/// </code>
/// </remarks>
internal sealed class ResumableStream : IDisposable
{
    private readonly Lock _gate = new();
    private readonly byte[] _owner;
    private readonly TimeSpan _absenceMax;
    private readonly CancellationTokenSource _abandoned = new();
    private readonly ITimer _absence;
    private readonly Action<ResumableStream> _drop;
    private CancellationTokenSource? _reader;
    private bool _over;

    /// <param name="drop">Called once, when nobody can resume the stream any more.</param>
    public ResumableStream(string id, string key, TimeSpan absenceMax, TimeProvider time, Action<ResumableStream> drop)
    {
        (Id, _owner, _absenceMax, _drop) = (id, HashOf(key), absenceMax, drop);
        Log = new EventLog(id);
        _absence = time.CreateTimer(_ => OnAbsenceOver(), null, absenceMax, Timeout.InfiniteTimeSpan);
    }

    public string Id { get; }

    public EventLog Log { get; }

    /// <summary>Cancelled when the client has been away for too long: nobody will read the answer.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <summary>Whether the key is that of the client which began the stream.</summary>
    public bool IsOwnedBy(string key) => CryptographicOperations.FixedTimeEquals(_owner, HashOf(key));

    /// <summary>A connection reads from now on, instead of the one before.</summary>
    /// <returns>Cancelled when a newer connection takes over; null when the stream can't be resumed any more.</returns>
    public CancellationTokenSource? TryAttach()
    {
        lock (_gate)
        {
            if (_over)
            {
                return null;
            }

            _reader?.Cancel();
            _reader = new CancellationTokenSource();
            _ = _absence.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return _reader;
        }
    }

    /// <summary>The connection is over; the absence begins unless another one reads by now.</summary>
    public void Detach(CancellationTokenSource reader)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_reader, reader) && !_over)
            {
                _reader = null;
                _ = _absence.Change(_absenceMax, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Dispose() => _absence.Dispose();

    private static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private void OnAbsenceOver()
    {
        lock (_gate)
        {
            if (_reader is not null || _over)
            {
                return;
            }

            _over = true;
        }

        _drop(this);
        _abandoned.Cancel();
    }
}
