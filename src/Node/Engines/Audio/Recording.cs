using System;
using System.Collections.Generic;
using System.Threading;
using Darkbloom.Mesh.Dispatch;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>Decoded sound as speech models hear it: one channel, 16,000 samples of 16 bits a second.</summary>
/// <remarks>
/// It grows by blocks while it is decoded, up to <see cref="InferenceLimits.AudioSecondsMax"/>: 230 MB, whatever a file
/// of a few bytes unpacks to.
/// </remarks>
public sealed class Recording
{
    public const int SampleRate = 16_000;
    public const long SamplesMax = (long)InferenceLimits.AudioSecondsMax * SampleRate;

    private const int BlockSamples = 30 * SampleRate;
    private const float Scale = 32_768;

    private readonly List<short[]> _blocks = [];
    private readonly long _samplesMax;

    private Recording(long samplesMax)
    {
        _samplesMax = samplesMax;
    }

    public long Samples { get; private set; }

    public TimeSpan Duration => TimeSpan.FromSeconds((double)Samples / SampleRate);

    /// <summary>Decodes a file of any known format, whatever its name says.</summary>
    /// <param name="onWork">Is called now and then while it takes.</param>
    /// <exception cref="InvalidAudioException">The format is unknown, or the file damaged, silent about its sound or too long.</exception>
    public static Recording Decode(ReadOnlyMemory<byte> file, Action onWork, CancellationToken cancellationToken) =>
        Decode(file, SamplesMax, onWork, cancellationToken);

    /// <param name="samplesMax">A recording of more is too long.</param>
    internal static Recording Decode(ReadOnlyMemory<byte> file, long samplesMax, Action onWork, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(onWork);
        Recording recording = new(samplesMax);
        using IAudioSource source = AudioFile.Open(file);
        using Resampler resampler = new(source.SampleRate);
        float[] samples = new float[Resampler.InputSamplesMax * source.Channels];
        float[] mono = new float[Resampler.InputSamplesMax];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = source.Read(samples) / source.Channels;
            if (count == 0)
            {
                break;
            }

            MixDown(samples, source.Channels, mono.AsSpan(0, count));
            recording.Append(resampler.Process(mono.AsSpan(0, count)));
            onWork();
        }

        recording.Append(resampler.Finish());
        return recording.Samples > 0 ? recording : throw new InvalidAudioException("the file holds no sound");
    }

    /// <summary>Copies samples from <paramref name="start"/> on, as numbers from -1 to 1.</summary>
    public void Read(long start, Span<float> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + target.Length, Samples);
        while (!target.IsEmpty)
        {
            ReadOnlySpan<short> block = _blocks[(int)(start / BlockSamples)].AsSpan((int)(start % BlockSamples));
            int count = Math.Min(block.Length, target.Length);
            for (int i = 0; i < count; i++)
            {
                target[i] = block[i] / Scale;
            }

            target = target[count..];
            start += count;
        }
    }

    private void Append(ReadOnlySpan<float> samples)
    {
        if (Samples + samples.Length > _samplesMax)
        {
            throw new InvalidAudioException($"the recording is longer than {_samplesMax / SampleRate / 60} minutes");
        }

        while (!samples.IsEmpty)
        {
            int place = (int)(Samples % BlockSamples);
            if (place == 0)
            {
                _blocks.Add(new short[BlockSamples]);
            }

            Span<short> block = _blocks[^1].AsSpan(place);
            int count = Math.Min(block.Length, samples.Length);
            for (int i = 0; i < count; i++)
            {
                // What isn't a number is silence.
                float value = MathF.Round(samples[i] * Scale);
                block[i] = float.IsNaN(value) ? (short)0 : (short)Math.Clamp(value, short.MinValue, short.MaxValue);
            }

            samples = samples[count..];
            Samples += count;
        }
    }

    private static void MixDown(ReadOnlySpan<float> samples, int channels, Span<float> mono)
    {
        for (int i = 0; i < mono.Length; i++)
        {
            float sum = 0;
            for (int channel = 0; channel < channels; channel++)
            {
                sum += samples[(i * channels) + channel];
            }

            mono[i] = sum / channels;
        }
    }
}
