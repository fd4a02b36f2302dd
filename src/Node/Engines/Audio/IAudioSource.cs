using System;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>Sound that is decoded as it is read.</summary>
internal interface IAudioSource : IDisposable
{
    /// <summary>Hertz.</summary>
    int SampleRate { get; }

    int Channels { get; }

    /// <summary>Reads samples between -1 and 1, those of the channels side by side; how many, 0 at the end.</summary>
    /// <param name="buffer">Has room for one sample of each channel at least.</param>
    /// <exception cref="InvalidAudioException">The file is damaged here.</exception>
    int Read(Span<float> buffer);
}
