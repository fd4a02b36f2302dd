using System;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>Tells formats apart by their first bytes: names and content types of uploads are often wrong.</summary>
internal static class AudioFile
{
    public const string SupportedFormats = "wav, mp3, flac and ogg (Vorbis or Opus)";

    /// <summary>What no microphone exceeds; a header beyond is a fault.</summary>
    public const int ChannelsMax = 8;

    public const int SampleRateMin = 1_000;

    public const int SampleRateMax = 768_000;

    /// <exception cref="InvalidAudioException">The format is unknown, or the file's header damaged.</exception>
    public static IAudioSource Open(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> bytes = WithoutTag(file.Span);
        IAudioSource source =
            bytes.StartsWith("RIFF"u8) && bytes.Length >= 12 && bytes[8..].StartsWith("WAVE"u8) ? new WavSource(file)
            : bytes.StartsWith("fLaC"u8) ? new FlacSource(file[(file.Length - bytes.Length)..])
            : bytes.StartsWith("OggS"u8) ? OpenOgg(file)
            : Mp3Source.IsFrame(bytes) ? new Mp3Source(file)
            : throw Unsupported();
        return source is { Channels: > 0 and <= ChannelsMax, SampleRate: >= SampleRateMin and <= SampleRateMax }
            ? source
            : throw new InvalidAudioException($"the file has {source.Channels} channels of {source.SampleRate} Hz");
    }

    /// <summary>The first packet of an Ogg stream names its codec.</summary>
    private static IAudioSource OpenOgg(ReadOnlyMemory<byte> file)
    {
        OggPackets packets = new(file);
        byte[] header = packets.Next() ?? throw InvalidAudioException.Truncated("Ogg");
        return OpusSource.IsHeader(header) ? new OpusSource(header, packets.Next)
            : header.AsSpan().StartsWith("\x01vorbis"u8) ? new VorbisSource(file)
            : throw Unsupported();
    }

    /// <summary>What follows an ID3v2 tag: ten bytes, and as many as the last four of them say, seven bits in each.</summary>
    private static ReadOnlySpan<byte> WithoutTag(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith("ID3"u8) || file.Length < 10)
        {
            return file;
        }

        int size = (file[6] & 0x7F) << 21 | (file[7] & 0x7F) << 14 | (file[8] & 0x7F) << 7 | (file[9] & 0x7F);
        return file[Math.Min(10 + size, file.Length)..];
    }

    private static InvalidAudioException Unsupported() => new($"the file's format isn't known; supported are {SupportedFormats}");
}
