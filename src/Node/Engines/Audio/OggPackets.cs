using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>The packets of the first stream of an Ogg file (RFC 3533).</summary>
/// <remarks>Pages whose checksum is wrong aren't told apart: their codec finds out. Further streams are passed over.</remarks>
internal sealed class OggPackets(ReadOnlyMemory<byte> file)
{
    private const int HeaderBytes = 27;
    private const int FlagsOffset = 5;
    private const int SerialOffset = 14;
    private const int SegmentsOffset = 26;
    private const byte SegmentBytesMax = 255;
    private const byte Continued = 1;

    /// <summary>No codec here has larger ones.</summary>
    private const int PacketBytesMax = 1024 * 1024;

    private readonly List<byte> _packet = [];
    private readonly Queue<byte[]> _ready = [];
    private int _position;
    private uint? _serial;

    /// <summary>The next packet, or null at the end of the file, or of what of it is whole.</summary>
    public byte[]? Next()
    {
        while (_ready.Count == 0)
        {
            if (!TryReadPage())
            {
                return null;
            }
        }

        return _ready.Dequeue();
    }

    private bool TryReadPage()
    {
        ReadOnlySpan<byte> rest = file.Span[_position..];
        int found = rest.IndexOf("OggS"u8);
        if (found < 0 || rest.Length - found < HeaderBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> page = rest[found..];
        int segments = page[SegmentsOffset];
        if (page.Length < HeaderBytes + segments)
        {
            return false;
        }

        ReadOnlySpan<byte> sizes = page.Slice(HeaderBytes, segments);
        ReadOnlySpan<byte> body = page[(HeaderBytes + segments)..];
        uint serial = BinaryPrimitives.ReadUInt32LittleEndian(page[SerialOffset..]);
        _serial ??= serial;
        bool isOurs = serial == _serial;
        if (isOurs && (page[FlagsOffset] & Continued) == 0)
        {
            _packet.Clear();
        }

        int read = 0;
        foreach (byte size in sizes)
        {
            if (size > body.Length - read)
            {
                return false; // The file was cut inside its last page.
            }

            if (isOurs)
            {
                Add(body.Slice(read, size), isLast: size < SegmentBytesMax);
            }

            read += size;
        }

        _position += found + HeaderBytes + segments + read;
        return true;
    }

    private void Add(ReadOnlySpan<byte> segment, bool isLast)
    {
        if (_packet.Count + segment.Length > PacketBytesMax)
        {
            throw InvalidAudioException.Truncated("Ogg");
        }

        _packet.AddRange(segment);
        if (isLast)
        {
            _ready.Enqueue([.. _packet]);
            _packet.Clear();
        }
    }
}
