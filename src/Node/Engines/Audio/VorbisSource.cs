using System;
using NVorbis;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>Vorbis in Ogg, by NVorbis.</summary>
internal sealed class VorbisSource : IAudioSource
{
    private const string Name = "Vorbis";

    private readonly VorbisReader _reader;

    public VorbisSource(ReadOnlyMemory<byte> file)
    {
        VorbisSetup.Check(new OggPackets(file));
        try
        {
            _reader = new VorbisReader(new ReadOnlyMemoryStream(file), closeOnDispose: true) { ClipSamples = false };
            (SampleRate, Channels) = (_reader.SampleRate, _reader.Channels);
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
            return _reader.ReadSamples(buffer[..(buffer.Length / Channels * Channels)]);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw InvalidAudioException.Truncated(Name, e);
        }
    }

    public void Dispose() => _reader.Dispose();
}
