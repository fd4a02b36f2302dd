using System;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>A file is no audio that can be decoded; the message tells its sender why, and quotes nothing of it.</summary>
public sealed class InvalidAudioException(string message, Exception? inner = null) : Exception(message, inner)
{
    internal static InvalidAudioException Truncated(string format, Exception? inner = null) =>
        new($"the {format} file is truncated or damaged", inner);
}
