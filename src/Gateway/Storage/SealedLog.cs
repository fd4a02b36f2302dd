using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Darkbloom.Gateway.Storage;

/// <summary>A file of sealed records that only grows; what was appended is read by its place.</summary>
/// <remarks><code>
/// 0        4          8                8 + n
/// +--------+----------+----------------+
/// | length | inverted | sealed record  |  and so on
/// +--------+----------+----------------+
/// </code>
/// Big-endian. A crash cuts the last record short, and that one is dropped when the log is opened. A length that its
/// inversion contradicts was damaged, and the log is refused: cutting there would forget what had been appended. Each
/// record is sealed for its place, so none can be moved, repeated or put into another log.
/// </remarks>
internal sealed class SealedLog : IDisposable
{
    /// <summary>The longest record.</summary>
    public const int RecordBytesMax = 64 * 1024 * 1024;

    private const int HeaderBytes = 8;

    private readonly Lock _gate = new();
    private readonly SafeFileHandle _file;
    private readonly StateSeal _seal;
    private readonly string _name;

    /// <summary>Where each record begins.</summary>
    private readonly List<long> _offsets = [];

    /// <summary>Where the next record will begin.</summary>
    private long _end;

    private SealedLog(SafeFileHandle file, StateSeal seal, string name) => (_file, _seal, _name) = (file, seal, name);

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _offsets.Count;
            }
        }
    }

    /// <param name="name">What the records are sealed for, beside their place.</param>
    /// <exception cref="InvalidDataException">The log is damaged, not merely cut short.</exception>
    public static SealedLog Open(string path, StateSeal seal, string name)
    {
        SealedLog log = new(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite), seal, name);
        try
        {
            log.Recover();
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Puts a record at the end.</summary>
    /// <exception cref="IOException">The disk is full, or fails; the log is as it was before.</exception>
    public void Append(ReadOnlySpan<byte> record)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(record.Length, RecordBytesMax);
        lock (_gate)
        {
            byte[] sealedRecord = _seal.Seal(_name, Place(_offsets.Count), record);
            byte[] bytes = new byte[HeaderBytes + sealedRecord.Length];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)sealedRecord.Length);
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(HeaderBytes / 2), ~(uint)sealedRecord.Length);
            sealedRecord.CopyTo(bytes, HeaderBytes);
            try
            {
                RandomAccess.Write(_file, bytes, _end);
            }
            catch (IOException)
            {
                RandomAccess.SetLength(_file, _end);
                throw;
            }

            _offsets.Add(_end);
            _end += bytes.Length;
        }
    }

    /// <summary>Returns when the disk has everything that was appended, so that not even a power cut takes it.</summary>
    public void Flush() => RandomAccess.FlushToDisk(_file);

    /// <exception cref="InvalidDataException">The record was changed since it was appended.</exception>
    public byte[] Read(int index) => TryRead(index) ?? throw Damaged();

    public void Dispose() => _file.Dispose();

    private byte[]? TryRead(int index)
    {
        byte[] sealedRecord;
        long start;
        lock (_gate)
        {
            start = _offsets[index] + HeaderBytes;
            sealedRecord = new byte[(index + 1 < _offsets.Count ? _offsets[index + 1] : _end) - start];
        }

        return RandomAccess.Read(_file, sealedRecord, start) == sealedRecord.Length
            ? _seal.TryOpen(_name, Place(index), sealedRecord)
            : null;
    }

    private void Recover()
    {
        long length = RandomAccess.GetLength(_file);
        Span<byte> header = stackalloc byte[HeaderBytes];
        while (length - _end >= HeaderBytes)
        {
            _ = RandomAccess.Read(_file, header, _end);
            uint size = BinaryPrimitives.ReadUInt32BigEndian(header);
            if (size != ~BinaryPrimitives.ReadUInt32BigEndian(header[(HeaderBytes / 2)..]) || size > RecordBytesMax + StateSeal.OverheadBytes)
            {
                throw Damaged();
            }

            if (length - _end - HeaderBytes < size)
            {
                break;
            }

            _offsets.Add(_end);
            _end += HeaderBytes + size;
        }

        if (_offsets.Count > 0 && TryRead(_offsets.Count - 1) is null)
        {
            _end = _offsets[^1];
            _offsets.RemoveAt(_offsets.Count - 1);
        }

        if (_end < length)
        {
            RandomAccess.SetLength(_file, _end);
        }
    }

    private static string Place(int index) => index.ToString(CultureInfo.InvariantCulture);

    private InvalidDataException Damaged() => new($"The log {_name} is damaged.");
}
