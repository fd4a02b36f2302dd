using System;
using System.Collections.Generic;
using Darkbloom.Node.Engines.Audio;

namespace Darkbloom.Node.Engines.Whisper;

/// <summary>A part of a recording in which something can be heard.</summary>
internal readonly record struct SoundSpan(long Start, int Length);

/// <summary>Cuts a recording: long silences are left out, and long sound is parted where it is quietest.</summary>
/// <remarks>
/// Speech models make words up where nothing is said. Short pauses stay, since a model hears a sentence's end by them; a
/// recording without a long silence that isn't longer than a span is one span, as it is.
/// </remarks>
internal static class SoundSpans
{
    /// <summary>What is computed at a time before a word comes out, and what is held as floating point.</summary>
    public const int SpanSecondsMax = 120;

    /// <summary>A longer silence is left out.</summary>
    public const int SilenceSecondsMax = 10;

    /// <summary>Silence that stays on each side of what was heard.</summary>
    private const double PaddingSeconds = 0.5;

    /// <summary>The last part of a span that is too long, in which it is parted.</summary>
    private const int PartingSeconds = 20;

    private const int FrameMs = 30;
    private const int FrameSamples = Recording.SampleRate * FrameMs / 1000;
    private const int SpanFrames = SpanSecondsMax * 1000 / FrameMs;
    private const int PartingFrames = PartingSeconds * 1000 / FrameMs;
    private const int SilenceFrames = SilenceSecondsMax * 1000 / FrameMs;
    private const int PaddingFrames = (int)(PaddingSeconds * 1000 / FrameMs);

    /// <summary>-60 dB of full scale: below what a quiet room sounds like on any microphone.</summary>
    private const float SilentLevel = 0.001f;

    public static IReadOnlyList<SoundSpan> Of(Recording recording)
    {
        ArgumentNullException.ThrowIfNull(recording);
        float[] levels = Levels(recording);
        List<SoundSpan> spans = [];
        int frame = 0;
        while (NextSound(levels, frame) is { } sound)
        {
            int start = Math.Max(frame, sound - PaddingFrames);
            start = sound - frame <= SilenceFrames ? frame : start;
            int end = EndOfSound(levels, sound);
            while (end - start > SpanFrames)
            {
                int cut = Quietest(levels, start + SpanFrames - PartingFrames, start + SpanFrames);
                spans.Add(Span(recording, start, cut));
                start = cut;
            }

            spans.Add(Span(recording, start, end));
            frame = end;
        }

        return spans;
    }

    /// <summary>The loudness of each frame, as a root of a mean of squares.</summary>
    private static float[] Levels(Recording recording)
    {
        float[] levels = new float[(recording.Samples + FrameSamples - 1) / FrameSamples];
        Span<float> samples = stackalloc float[FrameSamples];
        for (int frame = 0; frame < levels.Length; frame++)
        {
            long start = (long)frame * FrameSamples;
            Span<float> part = samples[..(int)Math.Min(FrameSamples, recording.Samples - start)];
            recording.Read(start, part);
            float sum = 0;
            foreach (float sample in part)
            {
                sum += sample * sample;
            }

            levels[frame] = MathF.Sqrt(sum / part.Length);
        }

        return levels;
    }

    private static int? NextSound(float[] levels, int frame)
    {
        int found = Array.FindIndex(levels, frame, static level => level > SilentLevel);
        return found < 0 ? null : found;
    }

    /// <summary>Where the next long silence begins, with some of it; or the recording's end.</summary>
    private static int EndOfSound(float[] levels, int frame)
    {
        int silent = 0;
        for (int i = frame; i < levels.Length; i++)
        {
            silent = levels[i] > SilentLevel ? 0 : silent + 1;
            if (silent > SilenceFrames)
            {
                return i - silent + 1 + PaddingFrames;
            }
        }

        return levels.Length;
    }

    private static int Quietest(float[] levels, int from, int to)
    {
        int quietest = from;
        for (int frame = from; frame < to; frame++)
        {
            quietest = levels[frame] < levels[quietest] ? frame : quietest;
        }

        return quietest;
    }

    private static SoundSpan Span(Recording recording, int start, int end)
    {
        long first = (long)start * FrameSamples;
        return new SoundSpan(first, (int)(Math.Min((long)end * FrameSamples, recording.Samples) - first));
    }
}
