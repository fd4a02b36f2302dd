using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Rendezvous.Log;
using FASTER.core;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>The append-only file of everything the rendezvous must remember, over FasterLog.</summary>
/// <remarks>
/// A record counts once <see cref="CommitAsync"/> has completed: until then a crash may forget it, afterwards not even
/// kill -9 does. FasterLog passes over holes, and over a missing file, without a word; so each record has a checksum, each
/// commit says how many records there are, and a journal that reads shorter is refused instead of half forgotten.
/// </remarks>
internal sealed class TicketJournal : IDisposable
{
    private const int PageBytes = 1 << 16;
    private const int MemoryBytes = 1 << 20;
    private const int SegmentBytes = 1 << 26;

    private readonly FasterLogSettings _settings;
    private readonly FasterLog _log;
    private readonly Lock _gate = new(); // what is in the log and what the next commit says about it change together
    private readonly SemaphoreSlim _committing = new(1, 1); // no wait handle is ever taken from it: nothing to dispose
    private long _records;
    private long _committedUntil;
    private bool _disposed;

    private TicketJournal(FasterLogSettings settings)
    {
        _settings = settings;
        _log = new FasterLog(settings);
        _records = _log.RecoveredCookie is { Length: sizeof(long) } cookie ? BinaryPrimitives.ReadInt64BigEndian(cookie) : 0;
    }

    /// <summary>How many bytes of records the journal holds, those that <see cref="Compact"/> would drop included.</summary>
    public long Bytes => _log.TailAddress - _log.BeginAddress;

    /// <summary>Opens the journal in <paramref name="directory"/> and recovers its last good commit.</summary>
    /// <exception cref="IOException">The directory can't be used.</exception>
    /// <exception cref="InvalidDataException">There are commits, and none of them can be read.</exception>
    public static TicketJournal Open(string directory)
    {
        _ = Directory.CreateDirectory(directory);
        bool hasCommits = CommitFilesExist(directory); // asked first: recovery deletes the commits that it can't use
        FasterLogSettings settings = new()
        {
            LogDevice = Devices.CreateLogDevice(Path.Combine(directory, "tickets.log"), recoverDevice: true),
            LogCommitDir = directory,
            LogChecksum = LogChecksumType.PerEntry,
            PageSize = PageBytes,
            MemorySize = MemoryBytes,
            SegmentSize = SegmentBytes,
            // Commits are also entries of the log itself, so that a torn commit file costs nothing: without this mode
            // FasterLog silently starts empty when its newest commit file is unreadable.
            FastCommitMode = true,
            TryRecoverLatest = true,
        };
        try
        {
            TicketJournal journal = new(settings);
            if (journal.Bytes > 0 || !hasCommits)
            {
                return journal;
            }
            journal.Dispose();
        }
        catch (FasterException)
        {
            settings.LogDevice.Dispose();
        }
        throw Damaged();
    }

    /// <summary>Puts a record at the end, in memory; <see cref="CommitAsync"/> with the returned address makes it last.</summary>
    public long Append(JournalRecord record)
    {
        lock (_gate)
        {
            _ = _log.Enqueue(record.ToBytes());
            _records++;
            return _log.TailAddress;
        }
    }

    /// <summary>Completes when everything up to <paramref name="address"/> is on disk; concurrent callers share commits.</summary>
    public async ValueTask CommitAsync(long address, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _committedUntil) >= address)
        {
            return;
        }
        await _committing.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            // Whoever held the semaphore before has likely committed this record along with its own.
            while (_log.CommittedUntilAddress < address)
            {
                (long tail, long number) = StartCommit();
                await _log.WaitForCommitAsync(tail, number, cancellationToken);
            }
            Volatile.Write(ref _committedUntil, _log.CommittedUntilAddress);
        }
        finally
        {
            _ = _committing.Release();
        }
    }

    /// <summary>All committed records, oldest first.</summary>
    /// <exception cref="InvalidDataException">Records are missing, or are none that this version writes.</exception>
    public async IAsyncEnumerable<JournalRecord> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long expected = Volatile.Read(ref _records);
        long read = 0;
        using FasterLogScanIterator iterator = _log.Scan(_log.BeginAddress, _log.CommittedUntilAddress);
        await using IAsyncEnumerator<(byte[] Entry, int Length, long, long)> entries =
            iterator.GetAsyncEnumerable(cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveNextAsync(entries))
        {
            (byte[] entry, int length, _, _) = entries.Current;
            if (!JournalRecord.TryRead(entry.AsSpan(0, length), out JournalRecord? record))
            {
                throw Damaged();
            }
            read++;
            yield return record!;
        }
        if (read < expected)
        {
            throw Damaged();
        }
    }

    /// <summary>Rewrites the journal as <paramref name="live"/> alone; the next commit drops what was before.</summary>
    /// <returns>The address to commit.</returns>
    public long Compact(IEnumerable<JournalRecord> live)
    {
        lock (_gate)
        {
            long begin = _log.TailAddress;
            _records = 0;
            foreach (JournalRecord record in live)
            {
                _ = _log.Enqueue(record.ToBytes());
                _records++;
            }
            _log.TruncateUntil(begin);
            return _log.TailAddress;
        }
    }

    /// <summary>Waits for the commit under way; callers behind it learn that the journal is closed.</summary>
    public void Dispose()
    {
        _committing.Wait();
        if (!_disposed)
        {
            _disposed = true;
            _log.Dispose();
            _settings.LogDevice.Dispose();
        }
        _ = _committing.Release();
    }

    private (long Tail, long Number) StartCommit()
    {
        lock (_gate)
        {
            byte[] cookie = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(cookie, _records);
            _ = _log.CommitStrongly(out long tail, out long number, spinWait: false, cookie);
            return (tail, number);
        }
    }

    private static async ValueTask<bool> MoveNextAsync<T>(IAsyncEnumerator<T> entries)
    {
        try
        {
            return await entries.MoveNextAsync();
        }
        catch (FasterException)
        {
            throw Damaged();
        }
    }

    // An outdated commit file may go between being listed and being looked at: FASTER deletes in the background.
    private static bool CommitFilesExist(string directory)
    {
        string commits = Path.Combine(directory, "log-commits");
        return Directory.Exists(commits)
            && Directory.EnumerateFiles(commits).Any(file => new FileInfo(file) is { Exists: true, Length: > 0 });
    }

    private static InvalidDataException Damaged() => new(
        "The ticket journal is damaged: records that were committed can't be read. Restore its directory from a backup, "
        + "or move it away to start with no enrolled peers.");
}
