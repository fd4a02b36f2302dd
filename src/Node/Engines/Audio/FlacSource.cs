using System;
using System.Buffers.Binary;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>FLAC (RFC 9639), frame by frame.</summary>
/// <remarks>
/// Checksums aren't compared: the file has come through an authenticated channel, and a recording that was damaged before
/// is better heard than refused. What can't be a frame is.
/// </remarks>
internal sealed class FlacSource : IAudioSource
{
    private const string Name = "FLAC";
    private const int MarkerBytes = 4;
    private const int BlockHeaderBytes = 4;
    private const int StreamInfoBytes = 34;
    private const int StreamInfo = 0;
    private const int Invalid = 127;

    /// <summary>RFC 9639, section 9.1.1: fifteen bits of ones and zero, then the blocking strategy.</summary>
    private const int SyncBits = 15;
    private const uint Sync = 0b1111_1111_1111_100;

    private const int LeftSide = 8;
    private const int SideRight = 9;
    private const int MidSide = 10;

    private readonly ReadOnlyMemory<byte> _file;
    private readonly int _bitsPerSample;
    private int _position;

    private long[][] _block = [];
    private int _blockSamples;
    private int _blockRead;
    private int _blockBits;

    public FlacSource(ReadOnlyMemory<byte> file)
    {
        _file = file;
        ReadOnlySpan<byte> bytes = file.Span;
        _position = MarkerBytes;
        bool isLast = false;
        bool isFirst = true;
        while (!isLast)
        {
            if (bytes.Length - _position < BlockHeaderBytes)
            {
                throw InvalidAudioException.Truncated(Name);
            }

            isLast = (bytes[_position] & 0x80) != 0;
            int type = bytes[_position] & 0x7F;
            int length = bytes[_position + 1] << 16 | bytes[_position + 2] << 8 | bytes[_position + 3];
            _position += BlockHeaderBytes;
            if (length > bytes.Length - _position || type == Invalid || isFirst != (type == StreamInfo))
            {
                throw InvalidAudioException.Truncated(Name);
            }

            if (isFirst)
            {
                if (length < StreamInfoBytes)
                {
                    throw InvalidAudioException.Truncated(Name);
                }

                // 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of samples.
                ulong packed = BinaryPrimitives.ReadUInt64BigEndian(bytes[(_position + 10)..]);
                SampleRate = (int)(packed >> 44);
                Channels = (int)((packed >> 41) & 7) + 1;
                _bitsPerSample = (int)((packed >> 36) & 31) + 1;
                isFirst = false;
            }

            _position += length;
        }
    }

    public int SampleRate { get; }

    public int Channels { get; }

    public int Read(Span<float> buffer)
    {
        if (_blockRead == _blockSamples && !TryReadFrame())
        {
            return 0;
        }

        int frames = Math.Min(buffer.Length / Channels, _blockSamples - _blockRead);
        float scale = 1f / (1L << (_blockBits - 1));
        for (int channel = 0; channel < Channels; channel++)
        {
            long[] samples = _block[channel];
            for (int i = 0; i < frames; i++)
            {
                buffer[(i * Channels) + channel] = samples[_blockRead + i] * scale;
            }
        }

        _blockRead += frames;
        return frames * Channels;
    }

    public void Dispose()
    {
    }

    /// <summary>False at the end of the file.</summary>
    private bool TryReadFrame()
    {
        if (_file.Length - _position < 2)
        {
            return false;
        }

        FlacBits bits = new(_file.Span[_position..]);
        if (bits.Read(SyncBits) != Sync)
        {
            // Tags that players add behind the last frame are no sound.
            return _blockSamples == 0 ? throw InvalidAudioException.Truncated(Name) : false;
        }

        _ = bits.Read(1);
        int sizeCode = (int)bits.Read(4);
        int rateCode = (int)bits.Read(4);
        int assignment = (int)bits.Read(4);
        int depthCode = (int)bits.Read(3);
        _ = bits.Read(1);
        bits.SkipCodedNumber();
        _blockSamples = BlockSize(sizeCode, ref bits);
        SkipRate(rateCode, ref bits);
        _ = bits.Read(8); // the header's checksum
        _blockBits = Depth(depthCode);
        int channels = assignment < LeftSide ? assignment + 1 : 2;
        if (channels != Channels || assignment > MidSide || _blockSamples == 0 || bits.HasFailed)
        {
            throw InvalidAudioException.Truncated(Name);
        }

        Room();
        for (int channel = 0; channel < channels; channel++)
        {
            bool isSide = (assignment is LeftSide or MidSide && channel == 1) || (assignment == SideRight && channel == 0);
            FlacSubframe.Read(ref bits, _block[channel].AsSpan(0, _blockSamples), _blockBits + (isSide ? 1 : 0));
        }

        if (bits.HasFailed)
        {
            throw InvalidAudioException.Truncated(Name);
        }

        Join(assignment);
        bits.Align();
        _ = bits.Read(16); // the frame's checksum
        _position += bits.BytesRead;
        _blockRead = 0;
        return true;
    }

    private void Room()
    {
        if (_block.Length == 0)
        {
            _block = new long[Channels][];
            Array.Fill(_block, []);
        }

        for (int channel = 0; channel < Channels; channel++)
        {
            if (_block[channel].Length < _blockSamples)
            {
                _block[channel] = new long[_blockSamples];
            }
        }
    }

    /// <summary>Turns what two channels have in common, and what they have not, into the two.</summary>
    private void Join(int assignment)
    {
        if (assignment < LeftSide)
        {
            return;
        }

        long[] first = _block[0];
        long[] second = _block[1];
        for (int i = 0; i < _blockSamples; i++)
        {
            (first[i], second[i]) = assignment switch
            {
                LeftSide => (first[i], first[i] - second[i]),
                SideRight => (first[i] + second[i], second[i]),
                _ => Parted(first[i], second[i]),
            };
        }
    }

    private static (long Left, long Right) Parted(long mid, long side)
    {
        long sum = (mid << 1) | (side & 1);
        return ((sum + side) >> 1, (sum - side) >> 1);
    }

    private static int BlockSize(int code, ref FlacBits bits) => code switch
    {
        0 => 0,
        1 => 192,
        <= 5 => 144 << code,
        6 => (int)bits.Read(8) + 1,
        7 => (int)bits.Read(16) + 1,
        _ => 1 << code,
    };

    private static void SkipRate(int code, ref FlacBits bits) => _ = code switch
    {
        12 => bits.Read(8),
        13 or 14 => bits.Read(16),
        _ => 0u,
    };

    private int Depth(int code) => code switch
    {
        0 => _bitsPerSample,
        1 => 8,
        2 => 12,
        4 => 16,
        5 => 20,
        6 => 24,
        7 => 32,
        _ => throw InvalidAudioException.Truncated(Name),
    };
}
