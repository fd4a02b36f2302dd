using System;
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
/// kill -9 does. Each entry has a checksum; recovery stops at the first one that is torn.
/// <see cref="Append"/> and <see cref="Compact"/> may be called by one thread at a time; commits by many.
/// </remarks>
internal sealed class TicketJournal : IDisposable
{
    private const int PageBytes = 1 << 16;
    private const int MemoryBytes = 1 << 20;
    private const int SegmentBytes = 1 << 26;

    private readonly FasterLogSettings _settings;
    private readonly FasterLog _log;
    private readonly SemaphoreSlim _committing = new(1, 1);

    private TicketJournal(FasterLogSettings settings)
    {
        _settings = settings;
        _log = new FasterLog(settings);
    }

    /// <summary>How many bytes of records the journal holds, those that <see cref="Compact"/> would drop included.</summary>
    public long Bytes => _log.TailAddress - _log.BeginAddress;

    /// <summary>Opens the journal in <paramref name="directory"/> and recovers its last good commit.</summary>
    /// <exception cref="IOException">The directory can't be used.</exception>
    /// <exception cref="InvalidDataException">There are commits, and none of them can be read.</exception>
    public static TicketJournal Open(string directory)
    {
        Directory.CreateDirectory(directory);
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
        TicketJournal journal = new(settings);
        if (journal.Bytes == 0 && hasCommits)
        {
            journal.Dispose();
            throw new InvalidDataException(
                $"The ticket journal in {directory} is damaged: it has commits, but none can be read. Restore it from a "
                + "backup, or move it away to start with no enrolled peers.");
        }
        return journal;
    }

    /// <summary>Puts a record at the end, in memory; <see cref="CommitAsync"/> with the returned address makes it last.</summary>
    public long Append(JournalRecord record)
    {
        _ = _log.Enqueue(record.ToBytes());
        return _log.TailAddress;
    }

    /// <summary>Completes when everything up to <paramref name="address"/> is on disk; concurrent callers share commits.</summary>
    public async ValueTask CommitAsync(long address, CancellationToken cancellationToken)
    {
        if (_log.CommittedUntilAddress >= address)
        {
            return;
        }
        await _committing.WaitAsync(cancellationToken);
        try
        {
            // Whoever held the gate before has likely committed this record along with its own.
            if (_log.CommittedUntilAddress < address)
            {
                await _log.CommitAsync(cancellationToken);
            }
        }
        finally
        {
            _committing.Release();
        }
    }

    /// <summary>All committed records, oldest first.</summary>
    /// <exception cref="InvalidDataException">A record passed its checksum but is none that this version writes.</exception>
    public async IAsyncEnumerable<JournalRecord> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long end = _log.CommittedUntilAddress;
        using FasterLogScanIterator iterator = _log.Scan(_log.BeginAddress, end);
        await foreach ((byte[] entry, int length, long address, _) in iterator.GetAsyncEnumerable(cancellationToken))
        {
            if (!JournalRecord.TryRead(entry.AsSpan(0, length), out JournalRecord? record))
            {
                throw new InvalidDataException($"The ticket journal holds an unknown record at {address}.");
            }
            yield return record!;
        }
    }

    /// <summary>Rewrites the journal as <paramref name="live"/> alone; the next commit drops what was before.</summary>
    /// <returns>The address to commit.</returns>
    public long Compact(IEnumerable<JournalRecord> live)
    {
        long begin = _log.TailAddress;
        foreach (JournalRecord record in live)
        {
            _ = _log.Enqueue(record.ToBytes());
        }
        _log.TruncateUntil(begin);
        return _log.TailAddress;
    }

    private static bool CommitFilesExist(string directory)
    {
        string commits = Path.Combine(directory, "log-commits");
        return Directory.Exists(commits)
            && Directory.EnumerateFiles(commits).Any(file => new FileInfo(file).Length > 0);
    }

    public void Dispose()
    {
        _log.Dispose();
        _settings.LogDevice.Dispose();
        _committing.Dispose();
    }
}
