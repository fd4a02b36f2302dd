using System;
using System.Buffers.Binary;
using System.IO;

namespace Darkbloom.Node.Models;

/// <summary>Reads the header of a whisper.cpp model and proves that the file can hold what it announces, before native code sees it.</summary>
/// <remarks>
/// <code>
/// magic, 11 numbers of the architecture, then
/// mel filters:   rows, columns, rows * columns floats
/// vocabulary:    count, then length and bytes of each token
/// tensors:       dimensions, length of the name, type, sizes, name, values; to the end of the file
/// </code>
/// All numbers are 32 bits, little-endian. Nothing is allocated on the word of the file alone. No content makes it throw.
/// </remarks>
public sealed class WhisperFileReader
{
    public const uint Magic = 0x67676D6C;
    public const int VocabularyMax = 1 << 20;

    /// <summary>whisper.cpp takes the numbers of special tokens from the size of the vocabulary.</summary>
    public const int VocabularyMin = 51_864;

    public const int TokenBytesMax = 4096;
    public const int WidthMax = 16_384;
    public const int LayersMax = 256;
    public const int ContextMax = 65_536;
    public const int MelsMax = 1024;
    public const int NameBytesMax = 256;
    public const int DimensionsMax = 4;

    /// <summary>Frequencies of a window of 400 samples.</summary>
    private const int MelColumns = 201;

    private const int QuantizationVersionFactor = 1000;
    private const int FileTypeMax = 1024;

    private readonly Stream _stream;
    private readonly long _length;
    private readonly byte[] _scratch = new byte[4];
    private string _fault = "";

    private WhisperFileReader(Stream stream)
    {
        _stream = stream;
        _length = stream.Length;
    }

    /// <summary>Whether a file begins as one of whisper.cpp does.</summary>
    public static bool IsWhisper(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return new WhisperFileReader(stream).TryNumber(out int magic) && (uint)magic == Magic;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // Whoever reads it next says why.
        }
    }

    /// <summary>Reads the header of the file at <paramref name="path"/>.</summary>
    /// <exception cref="InvalidModelException">The file is missing or no usable model; the message names both.</exception>
    public static WhisperFile ReadFile(string path) => ModelHeader.Read<WhisperFile>(path, TryRead);

    /// <summary>Reads a header from a stream that is as long as the file.</summary>
    public static bool TryRead(Stream stream, out WhisperFile? file, out string fault)
    {
        ArgumentNullException.ThrowIfNull(stream);
        WhisperFileReader reader = new(stream);
        file = reader.Read();
        fault = file is not null ? "" : reader._fault.Length > 0 ? reader._fault : "the file is truncated";
        return file is not null;
    }

    private WhisperFile? Read()
    {
        if (!TryNumber(out int magic) || (uint)magic != Magic)
        {
            _fault = "not a whisper.cpp model";
            return null;
        }

        ulong parameters = 0;
        if (!TryNumber("vocabulary", VocabularyMax, out int vocabulary)
            || !TryNumber("audio context", ContextMax, out _)
            || !TryNumber("audio width", WidthMax, out int audioWidth)
            || !TryNumber("audio heads", WidthMax, out int audioHeads)
            || !TryNumber("audio layers", LayersMax, out int audioLayers)
            || !TryNumber("text context", ContextMax, out int textTokens)
            || !TryNumber("text width", WidthMax, out int textWidth)
            || !TryNumber("text heads", WidthMax, out int textHeads)
            || !TryNumber("text layers", LayersMax, out int textLayers)
            || !TryNumber("mels", MelsMax, out int mels)
            || !TryFileType()
            || !TryFilters(mels)
            || !TryVocabulary(vocabulary)
            || !TryTensors(ref parameters))
        {
            return null;
        }

        if (vocabulary < VocabularyMin)
        {
            _fault = $"a vocabulary of {vocabulary} tokens; every Whisper model has {VocabularyMin} or more";
            return null;
        }

        if (audioWidth != textWidth || audioWidth % audioHeads != 0 || textWidth % textHeads != 0)
        {
            _fault = "the widths of its layers do not fit each other";
            return null;
        }

        return new WhisperFile(vocabulary, audioLayers, textLayers, textTokens, parameters);
    }

    private bool TryFileType()
    {
        if (!TryNumber(out int type))
        {
            return false;
        }

        bool isKnown = type >= 0 && type % QuantizationVersionFactor < FileTypeMax;
        return isKnown || Fail($"unknown file type {type}");
    }

    private bool TryFilters(int mels)
    {
        if (!TryNumber("mel filters", MelsMax, out int rows) || !TryNumber("mel filter width", MelColumns, out int columns))
        {
            return false;
        }

        return rows == mels && columns == MelColumns
            ? TrySkip((long)rows * columns * sizeof(float))
            : Fail("the mel filters are others than the model hears by");
    }

    private bool TryVocabulary(int size)
    {
        if (!TryNumber("vocabulary", size, out int count))
        {
            return false;
        }

        for (int token = 0; token < count; token++)
        {
            if (!TryNumber(out int bytes))
            {
                return false;
            }

            if (bytes is < 0 or > TokenBytesMax)
            {
                return Fail("a token is longer than any word");
            }

            if (!TrySkip(bytes))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryTensors(ref ulong parameters)
    {
        while (_stream.Position < _length)
        {
            if (!TryNumber("dimensions of a tensor", DimensionsMax, out int dimensions)
                || !TryNumber("name of a tensor", NameBytesMax, out int nameBytes)
                || !TryNumber(out int type))
            {
                return false;
            }

            ulong elements = 1;
            for (int dimension = 0; dimension < dimensions; dimension++)
            {
                if (!TryNumber("size of a tensor", int.MaxValue, out int size))
                {
                    return false;
                }

                UInt128 product = (UInt128)elements * (ulong)size;
                if (product > long.MaxValue / sizeof(double))
                {
                    return Fail("a tensor is larger than any file");
                }

                elements = (ulong)product;
            }

            if (type < 0 || !GgufTypes.TrySize((uint)type, elements, out ulong bytes) || bytes == 0)
            {
                return Fail($"a tensor of type {type} with {elements} values");
            }

            if (bytes > (ulong)_length || !TrySkip(nameBytes) || !TrySkip((long)bytes))
            {
                return Fail("the file is truncated: it ends inside a tensor");
            }

            parameters += elements;
        }

        return true;
    }

    /// <summary>Reads a number from 1 to <paramref name="max"/>.</summary>
    private bool TryNumber(string name, int max, out int number) =>
        TryNumber(out number) && ((number > 0 && number <= max) || Fail($"{name}: {number}, expected 1 to {max}"));

    private bool TryNumber(out int number)
    {
        bool isRead = _stream.ReadAtLeast(_scratch, _scratch.Length, throwOnEndOfStream: false) == _scratch.Length;
        number = isRead ? BinaryPrimitives.ReadInt32LittleEndian(_scratch) : 0;
        return isRead;
    }

    private bool TrySkip(long bytes)
    {
        if (bytes > _length - _stream.Position)
        {
            return false;
        }

        _ = _stream.Seek(bytes, SeekOrigin.Current);
        return true;
    }

    private bool Fail(string fault)
    {
        _fault = fault;
        return false;
    }
}
