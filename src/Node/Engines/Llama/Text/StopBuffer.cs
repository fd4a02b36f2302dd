using System;
using System.Collections.Generic;

namespace Darkbloom.Node.Engines.Llama.Text;

/// <summary>Ends a text before the first stop string in it and never lets out a part of one.</summary>
/// <remarks>
/// Text that could be the beginning of a stop string is held until it is known not to be. The first stop string to be
/// complete wins, the longest when two end together: how the text is cut into tokens changes nothing.
/// </remarks>
public sealed class StopBuffer
{
    private readonly string[] _stops;
    private string _held = "";

    public StopBuffer(IReadOnlyCollection<string> stops)
    {
        ArgumentNullException.ThrowIfNull(stops);
        _stops = [.. stops];
        foreach (string stop in _stops)
        {
            ArgumentException.ThrowIfNullOrEmpty(stop, nameof(stops));
        }
    }

    /// <summary>True once a stop string was found; nothing may be appended from then on.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Takes the next piece of text and returns what may be shown now.</summary>
    public string Append(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (IsStopped)
        {
            throw new InvalidOperationException("The text has ended.");
        }

        if (_stops.Length == 0)
        {
            return text;
        }

        string all = _held + text;
        int stop = FindStop(all, from: _held.Length);
        if (stop >= 0)
        {
            IsStopped = true;
            _held = "";
            return all[..stop];
        }

        int held = HeldLength(all);
        _held = all[^held..];
        return all[..^held];
    }

    /// <summary>The output ended for another reason: what was held is plain text after all.</summary>
    public string Finish()
    {
        string rest = _held;
        _held = "";
        return rest;
    }

    // Nothing before `from` can complete a stop string: it was searched when it was appended.
    private int FindStop(string all, int from)
    {
        for (int end = from + 1; end <= all.Length; end++)
        {
            int start = -1;
            foreach (string stop in _stops)
            {
                if (all.AsSpan(0, end).EndsWith(stop, StringComparison.Ordinal) && (start < 0 || end - stop.Length < start))
                {
                    start = end - stop.Length;
                }
            }

            if (start >= 0)
            {
                return start;
            }
        }

        return -1;
    }

    private int HeldLength(string all)
    {
        int longest = 0;
        foreach (string stop in _stops)
        {
            for (int length = Math.Min(stop.Length - 1, all.Length); length > longest; length--)
            {
                if (all.AsSpan(all.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                    break;
                }
            }
        }

        return longest;
    }
}
