using System;
using System.IO;
using Darkbloom.Gateway.Storage;

namespace Darkbloom.Gateway.Files;

/// <summary>The content of a file, read from anywhere in it.</summary>
internal sealed class FileContent(SealedLog log, long bytes) : IDisposable
{
    /// <summary>Every piece but the last has this many bytes, so that a place in the file tells its piece.</summary>
    public const int PieceBytes = 64 * 1024;

    /// <summary>The piece that was read last, since the next read likely begins in it.</summary>
    private byte[] _piece = [];
    private int _index = -1;

    public long Bytes => bytes;

    /// <summary>Reads some bytes from a place on: as many as its piece has and the target takes; 0 at the end.</summary>
    /// <exception cref="InvalidDataException">The content was changed, or is shorter than it was.</exception>
    public int Read(long start, Span<byte> target)
    {
        if (start >= bytes)
        {
            return 0;
        }

        int index = (int)(start / PieceBytes);
        if (index != _index)
        {
            if (index >= log.Count)
            {
                throw new InvalidDataException("A stored file is shorter than it was.");
            }

            (_piece, _index) = (log.Read(index), index);
        }

        ReadOnlySpan<byte> rest = _piece.AsSpan((int)(start % PieceBytes));
        int count = Math.Min(rest.Length, target.Length);
        rest[..count].CopyTo(target);
        return count;
    }

    public void Dispose()
    {
        Array.Clear(_piece);
        log.Dispose();
    }
}
