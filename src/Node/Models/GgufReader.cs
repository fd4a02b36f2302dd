using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Darkbloom.Node.Models;

/// <summary>Reads a GGUF header and proves that the file can hold what it announces, before native code sees it.</summary>
/// <remarks>
/// A model comes from a stranger. Every count, length and offset is checked against a limit and against the bytes that
/// are there; nothing is allocated on the word of the file alone. No content makes it throw.
/// </remarks>
public sealed class GgufReader
{
    public const uint VersionMin = 2;
    public const uint VersionMax = 3;
    public const ulong MetadataCountMax = 65_536;
    public const ulong TensorsMax = 65_536;
    public const ulong ArrayLengthMax = 16_777_216;
    public const ulong StringBytesMax = 4 * 1024 * 1024;
    public const int KeyBytesMax = 1024;
    public const int DimensionsMax = 4;
    public const int ArrayDepthMax = 4;

    private const ulong AlignmentDefault = 32;
    private const ulong AlignmentMax = 65_536;
    private const string AlignmentKey = "general.alignment";

    private readonly Stream _stream;
    private readonly long _length;
    private readonly byte[] _scratch = new byte[8];
    private string _fault = "";

    private GgufReader(Stream stream)
    {
        _stream = stream;
        _length = stream.Length;
    }

    /// <summary>Reads the header of the file at <paramref name="path"/>.</summary>
    /// <exception cref="InvalidModelException">The file is missing or no usable GGUF; the message names both.</exception>
    public static GgufFile ReadFile(string path) => ModelHeader.Read<GgufFile>(path, TryRead);

    /// <summary>Reads a header from a stream that is as long as the file.</summary>
    public static bool TryRead(Stream stream, out GgufFile? file, out string fault)
    {
        ArgumentNullException.ThrowIfNull(stream);
        GgufReader reader = new(stream);
        file = reader.Read();
        fault = reader._fault;
        return file is not null;
    }

    private GgufFile? Read()
    {
        if (_length == 0)
        {
            return Fail("the file is empty");
        }

        if (!TryBytes(_scratch.AsSpan(0, 4)) || !_scratch.AsSpan(0, 4).SequenceEqual("GGUF"u8))
        {
            return Fail("not a GGUF file");
        }

        if (!TryUInt32(out uint version))
        {
            return Truncated();
        }

        if (version is < VersionMin or > VersionMax)
        {
            return Fail($"GGUF version {version}, supported are {VersionMin} and {VersionMax}");
        }

        if (!TryUInt64(out ulong tensorCount) || !TryUInt64(out ulong metadataCount))
        {
            return Truncated();
        }

        if (tensorCount > TensorsMax || metadataCount > MetadataCountMax)
        {
            return Fail("the header announces more entries than any model has");
        }

        Dictionary<string, object> metadata = new(StringComparer.Ordinal);
        for (ulong index = 0; index < metadataCount; index++)
        {
            if (!TryString(KeyBytesMax, out string key) || !TryUInt32(out uint type) || !TryValue(type, 0, out object? value))
            {
                return Truncated();
            }

            if (!metadata.TryAdd(key, value!))
            {
                return Fail("a metadata key appears twice");
            }
        }

        List<GgufTensor> tensors = [];
        for (ulong index = 0; index < tensorCount; index++)
        {
            if (!TryTensor(out GgufTensor tensor))
            {
                return Truncated();
            }

            tensors.Add(tensor);
        }

        return Finish(version, metadata, tensors);
    }

    private GgufFile? Finish(uint version, Dictionary<string, object> metadata, List<GgufTensor> tensors)
    {
        ulong alignment = metadata.GetValueOrDefault(AlignmentKey) as ulong? ?? AlignmentDefault;
        if (alignment is 0 or > AlignmentMax || !ulong.IsPow2(alignment))
        {
            return Fail("the alignment of the weights is invalid");
        }

        if (metadata.GetValueOrDefault("general.architecture") is not string { Length: > 0 })
        {
            return Fail("the header names no architecture");
        }

        ulong weightsOffset = ((ulong)_stream.Position + alignment - 1) & ~(alignment - 1);
        foreach (GgufTensor tensor in tensors)
        {
            if (tensor.Offset % alignment != 0)
            {
                return Fail("a tensor is not aligned");
            }

            UInt128 end = (UInt128)weightsOffset + tensor.Offset + tensor.Bytes;
            if (end > (ulong)_length)
            {
                return Fail($"the file is truncated: a tensor ends at byte {end}, the file has {_length}");
            }
        }

        return new GgufFile(version, metadata, tensors, (long)weightsOffset);
    }

    private bool TryTensor(out GgufTensor tensor)
    {
        tensor = default;
        if (!TryString(KeyBytesMax, out string name) || !TryUInt32(out uint dimensions))
        {
            return false;
        }

        if (dimensions > DimensionsMax)
        {
            Fail($"a tensor has {dimensions} dimensions");
            return false;
        }

        ulong elements = 1;
        for (uint index = 0; index < dimensions; index++)
        {
            if (!TryUInt64(out ulong size))
            {
                return false;
            }

            UInt128 product = (UInt128)elements * size;
            if (product > long.MaxValue)
            {
                Fail("a tensor is larger than any file");
                return false;
            }

            elements = (ulong)product;
        }

        if (!TryUInt32(out uint type) || !TryUInt64(out ulong offset))
        {
            return false;
        }

        if (!GgufTypes.TrySize(type, elements, out ulong bytes))
        {
            Fail("a tensor does not fill its last block");
            return false;
        }

        tensor = new GgufTensor(name, type, elements, offset, bytes);
        return true;
    }

    private bool TryValue(uint type, int depth, out object? value)
    {
        value = null;
        switch (type)
        {
            case GgufTypes.Text:
                bool isText = TryString((int)StringBytesMax, out string text);
                value = text;
                return isText;
            case GgufTypes.Array:
                return TryArray(depth, out value);
            default:
                int bytes = GgufTypes.ScalarBytes(type);
                if (bytes == 0)
                {
                    Fail($"metadata of unknown type {type}");
                    return false;
                }

                if (!TryBytes(_scratch.AsSpan(0, bytes)))
                {
                    return false;
                }

                value = GgufTypes.Scalar(type, _scratch);
                return true;
        }
    }

    private bool TryArray(int depth, out object? value)
    {
        value = null;
        if (!TryUInt32(out uint type) || !TryUInt64(out ulong length))
        {
            return false;
        }

        if (length > ArrayLengthMax || depth >= ArrayDepthMax)
        {
            Fail("a metadata array is larger than any model's");
            return false;
        }

        value = new GgufArray(length);
        int elementBytes = GgufTypes.ScalarBytes(type);
        if (elementBytes > 0)
        {
            return TrySkip(length * (ulong)elementBytes);
        }

        for (ulong index = 0; index < length; index++)
        {
            if (!(type == GgufTypes.Text ? TrySkipString() : TryValue(type, depth + 1, out _)))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryString(int bytesMax, out string text)
    {
        text = "";
        if (!TryUInt64(out ulong length))
        {
            return false;
        }

        if (length > (ulong)bytesMax)
        {
            Fail($"a text of {length} bytes, the limit is {bytesMax}");
            return false;
        }

        if (length > (ulong)(_length - _stream.Position))
        {
            return false;
        }

        byte[] bytes = new byte[(int)length];
        if (!TryBytes(bytes))
        {
            return false;
        }

        text = Encoding.UTF8.GetString(bytes);
        return true;
    }

    private bool TrySkipString() => TryUInt64(out ulong length) && TrySkip(length);

    private bool TrySkip(ulong bytes)
    {
        if (bytes > (ulong)(_length - _stream.Position))
        {
            return false;
        }

        // Small steps are read: a seek would throw the stream's buffer away.
        while (bytes > 0 && bytes <= (ulong)_scratch.Length * 64)
        {
            int step = (int)Math.Min(bytes, (ulong)_scratch.Length);
            if (!TryBytes(_scratch.AsSpan(0, step)))
            {
                return false;
            }

            bytes -= (ulong)step;
        }

        _stream.Seek((long)bytes, SeekOrigin.Current);
        return true;
    }

    private bool TryUInt32(out uint value)
    {
        bool isRead = TryBytes(_scratch.AsSpan(0, 4));
        value = BinaryPrimitives.ReadUInt32LittleEndian(_scratch);
        return isRead;
    }

    private bool TryUInt64(out ulong value)
    {
        bool isRead = TryBytes(_scratch);
        value = BinaryPrimitives.ReadUInt64LittleEndian(_scratch);
        return isRead;
    }

    private bool TryBytes(Span<byte> target) => _stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) == target.Length;

    private GgufFile? Truncated() => Fail("the file is truncated: it ends inside its header");

    // The first fault is the cause; what follows from it is dropped.
    private GgufFile? Fail(string fault)
    {
        if (_fault.Length == 0)
        {
            _fault = fault;
        }

        return null;
    }
}
