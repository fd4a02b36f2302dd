using System;
using System.Buffers.Binary;
using Concentus;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>Opus packets (RFC 6716, 7845), by Concentus: at once in the rate that speech models hear, and in one channel.</summary>
internal sealed class OpusSource : IAudioSource
{
    private const string Name = "Opus";
    private const int HeaderBytesMin = 19;
    private const int MappingOffset = 18;

    /// <summary>The longest packet, 120 ms.</summary>
    private const int PacketSamplesMax = Recording.SampleRate * 120 / 1000;

    /// <summary>The rate in which the header counts.</summary>
    private const int HeaderSampleRate = 48_000;

    private readonly Func<byte[]?> _next;
    private readonly IOpusDecoder _decoder;
    private readonly float[] _packet = new float[PacketSamplesMax];
    private int _start;
    private int _end;
    private int _skip;

    static OpusSource()
    {
        // A library that lies somewhere on this machine must not decode what strangers send.
        OpusCodecFactory.AttemptToUseNativeLibrary = false;
    }

    /// <param name="header">The packet that describes the stream.</param>
    /// <param name="next">Gives the packets after it, and null at the end.</param>
    public OpusSource(ReadOnlySpan<byte> header, Func<byte[]?> next)
    {
        if (header.Length < HeaderBytesMin || !IsHeader(header))
        {
            throw InvalidAudioException.Truncated(Name);
        }

        if (header[MappingOffset] != 0)
        {
            throw new InvalidAudioException("Opus with more than two channels isn't decoded");
        }

        _next = next;
        _skip = BinaryPrimitives.ReadUInt16LittleEndian(header[10..]) * Recording.SampleRate / HeaderSampleRate;
        _decoder = OpusCodecFactory.CreateDecoder(Recording.SampleRate, 1);
    }

    public int SampleRate => Recording.SampleRate;

    public int Channels => 1;

    public static bool IsHeader(ReadOnlySpan<byte> packet) => packet.StartsWith("OpusHead"u8);

    public int Read(Span<float> buffer)
    {
        while (_start == _end)
        {
            if (_next() is not { } packet)
            {
                return 0;
            }

            Decode(packet);
        }

        int count = Math.Min(buffer.Length, _end - _start);
        _packet.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    public void Dispose() => (_decoder as IDisposable)?.Dispose();

    private void Decode(ReadOnlySpan<byte> packet)
    {
        (_start, _end) = (0, 0);
        if (packet.IsEmpty || packet.StartsWith("OpusTags"u8))
        {
            return;
        }

        try
        {
            _end = _decoder.Decode(packet, _packet, PacketSamplesMax, false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidAudioException($"the {Name} stream is damaged", e);
        }

        // The decoder's beginning is no sound of the recording.
        _start = Math.Min(_skip, _end);
        _skip -= _start;
    }
}
