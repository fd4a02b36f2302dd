using System;
using System.Globalization;
using System.IO;

namespace Darkbloom.Bench.Transport;

/// <summary>What the command line asks for.</summary>
internal sealed record Options
{
    public const string Help = """
        Measures the encrypted transport against named baselines, and fails where a goal is missed.

        Usage: make bench-transport [ARGS='...']

          --filter NAME        only rows whose name contains NAME; may be repeated
          --quick              one repetition of each, shorter: to look, not to quote
          --repetitions N      of each contender, taking turns; the median counts (3)
          --seed N             of the emulated links (1)
          --json FILE          where the figures go (artifacts/bench/transport.json)
          --list               the rows
          --help

        Examples:
          make bench-transport
          make bench-transport ARGS='--filter wan-loss --quick'
          make bench-transport ARGS='--filter round-trip --filter throughput'

        Rows over emulated links need Linux, root and /dev/net/tun; where these lack, they are named and count as missed.
        """;

    public string[] Filters { get; init; } = [];

    public bool IsQuick { get; init; }

    public int Repetitions { get; init; } = 3;

    public int Seed { get; init; } = 1;

    public string JsonPath { get; init; } = Path.Combine("artifacts", "bench", "transport.json");

    public bool OnlyLists { get; init; }

    public bool WantsHelp { get; init; }

    /// <exception cref="ArgumentException">An argument makes no sense; the message names it.</exception>
    public static Options Parse(ReadOnlySpan<string> arguments)
    {
        Options options = new();
        while (arguments.Length > 0)
        {
            (options, int used) = arguments switch
            {
                ["--filter", { } name, ..] => (options with { Filters = [.. options.Filters, name] }, 2),
                ["--quick", ..] => (options with { IsQuick = true, Repetitions = 1 }, 1),
                ["--repetitions", { } text, ..] => (options with { Repetitions = Whole(text) }, 2),
                ["--seed", { } text, ..] => (options with { Seed = Whole(text) }, 2),
                ["--json", { } path, ..] => (options with { JsonPath = path }, 2),
                ["--list", ..] => (options with { OnlyLists = true }, 1),
                ["--help" or "-h", ..] => (options with { WantsHelp = true }, 1),
                _ => throw new ArgumentException($"{arguments[0]} is no option, or lacks its value; --help lists them."),
            };
            arguments = arguments[used..];
        }
        return options;
    }

    private static int Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0
        ? value
        : throw new ArgumentException($"{text} is no number above 0.");
}
