using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Audio;
using Darkbloom.Gateway.Storage;

namespace Darkbloom.Gateway.Files;

/// <summary>A file that is being written, piece by piece; disposing it before it is committed leaves nothing.</summary>
internal sealed class FileUpload : IFormFile, IDisposable
{
    public const int FileBytesMax = 200 * 1024 * 1024;

    private readonly FileStore _store;
    private readonly SealedLog _log;
    private readonly string _owner;
    private readonly bool _isLimited;
    private readonly byte[] _piece = new byte[FileContent.PieceBytes];
    private readonly bool _hasRoom;
    private int _filled;
    private long _flushed;
    private bool _isCommitted;

    public FileUpload(FileStore store, SealedLog log, string id, string owner, bool isLimited)
    {
        (_store, _log, Id, _owner, _isLimited) = (store, log, id, owner, isLimited);
        _hasRoom = store.TryTake(owner, files: 1, bytes: 0, isLimited);
    }

    public string Id { get; }

    public string Name { get; private set; } = "";

    /// <summary>Reads to the end of the stream; returns what is wrong, or null.</summary>
    public async ValueTask<ApiError?> ReadAsync(string name, Stream body, CancellationToken cancellationToken)
    {
        Name = name;
        while (true)
        {
            int count = await body.ReadAsync(_piece.AsMemory(_filled), cancellationToken);
            _filled += count;
            if (count == 0)
            {
                return WritePiece();
            }

            if (_filled == _piece.Length && WritePiece() is { } error)
            {
                return error;
            }
        }
    }

    /// <summary>Adds bytes that the gateway itself wrote.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int count = Math.Min(bytes.Length, _piece.Length - _filled);
            bytes[..count].CopyTo(_piece.AsSpan(_filled));
            bytes = bytes[count..];
            _filled += count;
            if (_filled == _piece.Length)
            {
                _ = WritePiece();
            }
        }
    }

    /// <summary>Ends the file; from now on it is found.</summary>
    /// <param name="lifetime">After which it goes; null: it stays.</param>
    public StoredFile Commit(string purpose, string name, TimeSpan? lifetime)
    {
        _ = WritePiece();
        _log.Flush();
        long now = _store.Now;
        StoredFile file = new(Id, _owner, purpose, name, _flushed, now, lifetime is { } time ? now + (long)time.TotalSeconds : null);
        _store.Commit(file);
        _isCommitted = true;
        return file;
    }

    public void Dispose()
    {
        _log.Dispose();
        Array.Clear(_piece);
        if (!_isCommitted)
        {
            _store.Abandon(_owner, Id, _hasRoom ? 1 : 0, _flushed);
        }
    }

    private ApiError? WritePiece()
    {
        if (_isLimited && _flushed + _filled > FileBytesMax)
        {
            return FileErrors.TooLarge();
        }

        if (!_hasRoom || !_store.TryTake(_owner, files: 0, _filled, _isLimited))
        {
            return FileErrors.NoRoom();
        }

        if (_filled > 0)
        {
            _flushed += _filled;
            _log.Append(_piece.AsSpan(0, _filled));
            _filled = 0;
        }

        return null;
    }
}
