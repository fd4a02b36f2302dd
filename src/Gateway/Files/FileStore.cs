using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Storage;

namespace Darkbloom.Gateway.Files;

/// <summary>The files that clients uploaded and batches wrote, sealed on the gateway's disk.</summary>
/// <remarks>
/// A file is its content, a log of pieces, and then a document that says what it is: a content without one is what a crash
/// left of an upload, and is removed. What is expired or deleted goes once nothing reads it.
/// </remarks>
internal sealed class FileStore
{
    public const int FilesPerKeyMax = 1000;

    public const long BytesPerKeyMax = 4096L * 1024 * 1024;

    public const long BytesMax = 16_384L * 1024 * 1024;

    private const string Documents = "files";
    private const string Contents = "contents";

    private readonly SealedDirectory _disk;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, StoredFile> _byId = [];

    /// <summary>Contents that must stay although their file may be deleted, with the number of those who read them.</summary>
    private readonly Dictionary<string, int> _held = [];

    /// <summary>What each owner's files take, unfinished uploads included.</summary>
    private readonly Dictionary<string, (int Files, long Bytes)> _taken = [];

    private long _bytes;

    /// <exception cref="System.IO.InvalidDataException">A document is damaged, or its key is another one.</exception>
    public FileStore(SealedDirectory disk, TimeProvider time)
    {
        (_disk, _time) = (disk, time);
        foreach (string id in disk.List(Documents))
        {
            StoredFile file = StoredFile.Read(disk.Read(Documents, id));
            _byId.Add(id, file);
            Count(file.Owner, files: 1, file.Bytes);
        }

        foreach (string id in disk.List(Contents).Where(id => !_byId.ContainsKey(id)))
        {
            disk.Delete(Contents, id);
        }
    }

    public static string NewId() => ApiExchange.NewId("file-");

    /// <summary>Begins a file of a client's; it counts against the client's share.</summary>
    public FileUpload BeginUpload(string owner)
    {
        string id = NewId();
        return new FileUpload(this, _disk.OpenLog(Contents, id), id, owner, isLimited: true);
    }

    /// <summary>Begins a file that was promised already, so it may exceed its owner's share; what a crash left of it is replaced.</summary>
    public FileUpload BeginOutput(string owner, string id)
    {
        lock (_gate)
        {
            Remove(id);
        }

        _disk.Delete(Contents, id);
        return new FileUpload(this, _disk.OpenLog(Contents, id), id, owner, isLimited: false);
    }

    /// <summary>The file, or null when this owner has none of the name.</summary>
    public StoredFile? Find(string owner, string id)
    {
        lock (_gate)
        {
            Sweep();
            return _byId.TryGetValue(id, out StoredFile? file) && file.Owner == owner && !file.IsDeleted && !IsExpired(file) ? file : null;
        }
    }

    /// <summary>The files of an owner, the oldest first.</summary>
    public IReadOnlyList<StoredFile> List(string owner)
    {
        lock (_gate)
        {
            Sweep();
            return
            [
                .. _byId.Values.Where(file => file.Owner == owner && !file.IsDeleted && !IsExpired(file))
                    .OrderBy(static file => file.CreatedAt).ThenBy(static file => file.Id, StringComparer.Ordinal),
            ];
        }
    }

    /// <summary>False when this owner has no such file.</summary>
    public bool TryDelete(string owner, string id)
    {
        lock (_gate)
        {
            if (Find(owner, id) is not { } file)
            {
                return false;
            }

            _byId[id] = file with { IsDeleted = true };
            _disk.Write(Documents, id, _byId[id].ToDocument().Span);
            Sweep();
            return true;
        }
    }

    /// <summary>Opens the content of a file, deleted ones included; null when it is gone.</summary>
    public FileContent? Open(string id)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out StoredFile? file) && _disk.Exists(Contents, id)
                ? new FileContent(_disk.OpenLog(Contents, id), file.Bytes)
                : null;
        }
    }

    /// <summary>Keeps a content until <see cref="Release"/>, whatever becomes of the file.</summary>
    public void Hold(string id)
    {
        lock (_gate)
        {
            _held[id] = _held.GetValueOrDefault(id) + 1;
        }
    }

    public void Release(string id)
    {
        lock (_gate)
        {
            int left = _held[id] - 1;
            if (left > 0)
            {
                _held[id] = left;
                return;
            }

            _ = _held.Remove(id);
            Sweep();
        }
    }

    /// <summary>Seconds since 1970, as the API tells time.</summary>
    internal long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Takes room for an upload; false when the owner, or the gateway, has no more.</summary>
    internal bool TryTake(string owner, int files, long bytes, bool isLimited)
    {
        lock (_gate)
        {
            (int taken, long takenBytes) = _taken.GetValueOrDefault(owner);
            if (isLimited && (taken + files > FilesPerKeyMax || takenBytes + bytes > BytesPerKeyMax || _bytes + bytes > BytesMax))
            {
                return false;
            }

            Count(owner, files, bytes);
            return true;
        }
    }

    /// <summary>The file is whole: from now on it is found.</summary>
    internal void Commit(StoredFile file)
    {
        lock (_gate)
        {
            _disk.Write(Documents, file.Id, file.ToDocument().Span);
            _byId.Add(file.Id, file);
        }
    }

    /// <summary>Forgets an upload that isn't going to be whole.</summary>
    internal void Abandon(string owner, string id, int files, long bytes)
    {
        lock (_gate)
        {
            Count(owner, -files, -bytes);
            _disk.Delete(Contents, id);
        }
    }

    private bool IsExpired(StoredFile file) => file.ExpiresAt is { } expiry && expiry <= Now;

    /// <summary>Removes what nobody may see and nobody reads.</summary>
    private void Sweep()
    {
        foreach (StoredFile file in _byId.Values.Where(file => (file.IsDeleted || IsExpired(file)) && !_held.ContainsKey(file.Id)).ToList())
        {
            Remove(file.Id);
        }
    }

    /// <summary>The document goes first: a crash between the two leaves a content that the next start removes.</summary>
    private void Remove(string id)
    {
        if (_byId.Remove(id, out StoredFile? file))
        {
            Count(file.Owner, files: -1, -file.Bytes);
            _disk.Delete(Documents, id);
            _disk.Delete(Contents, id);
        }
    }

    private void Count(string owner, int files, long bytes)
    {
        (int taken, long takenBytes) = _taken.GetValueOrDefault(owner);
        _taken[owner] = (taken + files, takenBytes + bytes);
        _bytes += bytes;
        if (taken + files == 0)
        {
            _ = _taken.Remove(owner);
        }
    }
}
