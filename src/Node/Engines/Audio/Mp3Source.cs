using System;
using NLayer;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>MPEG audio, layers I to III, by NLayer.</summary>
internal sealed class Mp3Source : IAudioSource
{
    private const string Name = "MP3";

    private readonly MpegFile _file;

    public Mp3Source(ReadOnlyMemory<byte> file)
    {
        try
        {
            _file = new MpegFile(new ReadOnlyMemoryStream(file));
            (SampleRate, Channels) = (_file.SampleRate, _file.Channels);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw InvalidAudioException.Truncated(Name, e);
        }
    }

    public int SampleRate { get; }

    public int Channels { get; }

    public int Read(Span<float> buffer)
    {
        try
        {
            return _file.ReadSamples(buffer[..(buffer.Length / Channels * Channels)]);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw InvalidAudioException.Truncated(Name, e);
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Whether the bytes begin a frame of layer I, II or III: what has layer bits of zero is AAC.</summary>
    public static bool IsFrame(ReadOnlySpan<byte> bytes) =>
        bytes is [0xFF, var second, var third, _, ..] && (second & 0xE0) == 0xE0 && (second & 0x06) != 0
        && (third & 0xF0) is not (0x00 or 0xF0) && (third & 0x0C) != 0x0C;
}
