using System;
using Concentus;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>Brings one channel to the rate of a <see cref="Recording"/>; sound that has it passes untouched.</summary>
internal sealed class Resampler : IDisposable
{
    public const int InputSamplesMax = 4_096;

    /// <summary>Of 0 to 10; from 4 on, a listener hears no difference in speech.</summary>
    private const int Quality = 7;

    private readonly IResampler? _resampler;
    private readonly float[] _silence = [];
    private float[] _output = [];

    public Resampler(int sampleRate)
    {
        if (sampleRate != Recording.SampleRate)
        {
            _resampler = ResamplerFactory.CreateResampler(1, sampleRate, Recording.SampleRate, Quality);
            _resampler.SkipZeroes();
            _silence = new float[_resampler.InputLatency];
            _output = new float[(int)((long)(InputSamplesMax + _silence.Length) * Recording.SampleRate / sampleRate) + 64];
        }
    }

    /// <summary>What became of the input; valid until the next call.</summary>
    public ReadOnlySpan<float> Process(Span<float> input)
    {
        if (_resampler is null)
        {
            _output = _output.Length < input.Length ? new float[InputSamplesMax] : _output;
            input.CopyTo(_output);
            return _output.AsSpan(0, input.Length);
        }

        int written = 0;
        while (!input.IsEmpty)
        {
            int taken = input.Length;
            int made = _output.Length - written;
            _resampler.Process(0, input, ref taken, _output.AsSpan(written), ref made);
            written += made;
            input = input[taken..];
            if (taken == 0 && made == 0)
            {
                break;
            }
        }

        return _output.AsSpan(0, written);
    }

    /// <summary>What the filter still holds.</summary>
    public ReadOnlySpan<float> Finish() => _resampler is null ? [] : Process(_silence);

    public void Dispose() => (_resampler as IDisposable)?.Dispose();
}
