using System;
using System.Buffers.Binary;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>RIFF WAVE: PCM of 8 to 32 bits, floating point, and the telephone's A-law and µ-law.</summary>
/// <remarks>
/// Recorders that stream write a size of zero or of all ones for the data, since they don't know it yet: such data goes on
/// to the end of the file.
/// </remarks>
internal sealed class WavSource : IAudioSource
{
    private const string Name = "WAV";
    private const int RiffHeaderBytes = 12;
    private const int ChunkHeaderBytes = 8;
    private const int FormatBytesMin = 16;
    private const int SubFormatOffset = 24;
    private const int SubFormatBytesMin = 26;

    private const ushort Pcm = 1;
    private const ushort Float = 3;
    private const ushort ALaw = 6;
    private const ushort MuLaw = 7;
    private const ushort Extensible = 0xFFFE;

    private readonly ushort _encoding;
    private readonly int _sampleBytes;
    private ReadOnlyMemory<byte> _data;

    public WavSource(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> format = default;
        for (ReadOnlyMemory<byte> rest = file[RiffHeaderBytes..]; ;)
        {
            if (rest.Length < ChunkHeaderBytes)
            {
                throw InvalidAudioException.Truncated(Name);
            }

            ReadOnlySpan<byte> header = rest.Span;
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            ReadOnlyMemory<byte> body = rest[ChunkHeaderBytes..];
            if (header.StartsWith("data"u8))
            {
                bool isOpenEnded = size is 0 or uint.MaxValue;
                _data = isOpenEnded ? body : body[..(int)Math.Min(size, body.Length)];
                break;
            }

            if (size > body.Length)
            {
                throw InvalidAudioException.Truncated(Name);
            }

            if (header.StartsWith("fmt "u8))
            {
                format = body.Span[..(int)size];
            }

            // Chunks are padded to an even size.
            rest = body[(int)Math.Min(size + (size & 1), body.Length)..];
        }

        if (format.Length < FormatBytesMin)
        {
            throw InvalidAudioException.Truncated(Name);
        }

        _encoding = BinaryPrimitives.ReadUInt16LittleEndian(format);
        if (_encoding == Extensible && format.Length >= SubFormatBytesMin)
        {
            _encoding = BinaryPrimitives.ReadUInt16LittleEndian(format[SubFormatOffset..]);
        }

        Channels = BinaryPrimitives.ReadUInt16LittleEndian(format[2..]);
        uint sampleRate = BinaryPrimitives.ReadUInt32LittleEndian(format[4..]);
        SampleRate = (int)Math.Min(sampleRate, int.MaxValue);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(format[14..]);
        _sampleBytes = bits / 8;
        bool isKnown = (_encoding, bits) is (Pcm, 8 or 16 or 24 or 32) or (Float, 32 or 64) or (ALaw or MuLaw, 8);
        if (!isKnown)
        {
            throw new InvalidAudioException($"WAV encoding {_encoding} with {bits} bits isn't known");
        }
    }

    public int SampleRate { get; }

    public int Channels { get; }

    public int Read(Span<float> buffer)
    {
        int frameBytes = _sampleBytes * Channels;
        int frames = Math.Min(buffer.Length / Channels, _data.Length / frameBytes);
        int count = frames * Channels;
        ReadOnlySpan<byte> data = _data.Span;
        for (int i = 0; i < count; i++)
        {
            buffer[i] = Sample(data[(i * _sampleBytes)..]);
        }

        _data = _data[(frames * frameBytes)..];
        return count;
    }

    public void Dispose()
    {
    }

    private float Sample(ReadOnlySpan<byte> bytes) => (_encoding, _sampleBytes) switch
    {
        (Pcm, 1) => (bytes[0] - 128) / 128f,
        (Pcm, 2) => BinaryPrimitives.ReadInt16LittleEndian(bytes) / 32_768f,
        (Pcm, 3) => ((bytes[0] << 8) | (bytes[1] << 16) | (bytes[2] << 24)) / 2_147_483_648f,
        (Pcm, _) => BinaryPrimitives.ReadInt32LittleEndian(bytes) / 2_147_483_648f,
        (Float, 4) => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        (Float, _) => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        (ALaw, _) => FromALaw(bytes[0]),
        _ => FromMuLaw(bytes[0]),
    };

    /// <summary>ITU-T G.711: sign, three bits of exponent, four of mantissa, every second bit inverted.</summary>
    private static float FromALaw(byte code)
    {
        int value = code ^ 0x55;
        int exponent = (value >> 4) & 7;
        int magnitude = ((value & 0x0F) << 4) + 8;
        magnitude = exponent == 0 ? magnitude : (magnitude + 0x100) << (exponent - 1);
        return ((value & 0x80) != 0 ? magnitude : -magnitude) / 32_768f;
    }

    /// <summary>ITU-T G.711: sign, three bits of exponent, four of mantissa, all inverted, with a bias of 132.</summary>
    private static float FromMuLaw(byte code)
    {
        const int Bias = 0x84;
        int value = ~code & 0xFF;
        int magnitude = ((((value & 0x0F) << 3) + Bias) << ((value >> 4) & 7)) - Bias;
        return ((value & 0x80) != 0 ? -magnitude : magnitude) / 32_768f;
    }
}
