using System;
using System.Globalization;
using System.IO;

namespace Darkbloom.Bench.Failover;

/// <summary>How much is lost in one run.</summary>
internal sealed record FailoverOptions
{
    public const string Synopsis = "failover [--kills count] [--drains count] [--cancels count] [--continue yes|no] [--json file]";

    private const int CountMax = 10_000;

    /// <summary>Nodes that are killed.</summary>
    public int Kills { get; init; } = 35;

    /// <summary>Nodes that are asked to stop.</summary>
    public int Drains { get; init; } = 15;

    /// <summary>Answers that are left in the middle.</summary>
    public int Cancels { get; init; } = 200;

    /// <summary>Whether the losses of earlier runs count.</summary>
    public bool Continues { get; init; }

    /// <summary>Where the figures go; the losses lie beside them.</summary>
    public string Json { get; init; } = Path.Combine("artifacts", "bench", "failover.json");

    public string Losses => Path.ChangeExtension(Json, ".losses.jsonl");

    /// <summary>Null when an argument is none.</summary>
    public static FailoverOptions? TryRead(ReadOnlySpan<string> arguments)
    {
        FailoverOptions? options = new();
        while (options is not null && !arguments.IsEmpty)
        {
            options = arguments switch
            {
                ["--kills", { } count, ..] when TryCount(count, out int kills) => options with { Kills = kills },
                ["--drains", { } count, ..] when TryCount(count, out int drains) => options with { Drains = drains },
                ["--cancels", { } count, ..] when TryCount(count, out int cancels) => options with { Cancels = cancels },
                ["--continue", "yes" or "no", ..] => options with { Continues = arguments[1] == "yes" },
                ["--json", { } file, ..] => options with { Json = file },
                _ => null,
            };
            arguments = options is null ? [] : arguments[2..];
        }

        return options;
    }

    private static bool TryCount(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count <= CountMax;
}
