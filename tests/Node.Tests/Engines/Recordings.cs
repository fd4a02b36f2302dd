using System;
using System.IO;

namespace Darkbloom.Node.Tests.Engines;

/// <summary>Short phrases that a synthesizer spoke, in the words that the built-in speech model knows.</summary>
internal static class Recordings
{
    /// <summary>"seven eight nine", 1.7 s.</summary>
    public static string SevenEightNine => PathOf("seven-eight-nine.wav");

    /// <summary>"four five six", 1.7 s.</summary>
    public static string FourFiveSix => PathOf("four-five-six.wav");

    /// <summary>"go left", 0.9 s.</summary>
    public static string GoLeft => PathOf("go-left.wav");

    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "recordings", name);
}
