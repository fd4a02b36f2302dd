using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Darkbloom.Bench.Transport.Agents;

/// <summary>One line between the run and an agent: a number that joins question and answer, a word, and named values without spaces.</summary>
internal sealed record AgentMessage(long Number, string Word, IReadOnlyDictionary<string, string> Values)
{
    public const string Done = "done";
    public const string Failed = "failed";

    public static AgentMessage Parse(string line)
    {
        string[] parts = line.Split(' ');
        return new AgentMessage(
            long.Parse(parts[0], CultureInfo.InvariantCulture),
            parts[1],
            parts.Skip(2).Select(part => part.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]));
    }

    public string Text(string name) => Values.TryGetValue(name, out string? value)
        ? value
        : throw new ArgumentException($"The message {Word} has no value {name}.");

    public double Real(string name) => double.Parse(Text(name), CultureInfo.InvariantCulture);

    public int Whole(string name) => (int)Real(name);

    public override string ToString() =>
        string.Join(' ', Values.Select(pair => $"{pair.Key}={pair.Value}").Prepend(Word).Prepend(Number.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Turns named values into the text of a message.</summary>
    public static IReadOnlyDictionary<string, string> Of(params ReadOnlySpan<(string Name, IConvertible Value)> values)
    {
        Dictionary<string, string> text = [];
        foreach ((string name, IConvertible value) in values)
        {
            text[name] = value.ToString(CultureInfo.InvariantCulture);
        }
        return text;
    }
}
