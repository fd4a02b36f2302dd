namespace Darkbloom.Cli.Settings;

/// <summary>One thing that can be set by flag, environment variable or configuration file, under one name.</summary>
/// <remarks><c>http-bind</c> is <c>--http-bind</c>, <c>DARKBLOOM_HTTP_BIND</c> and <c>"http-bind"</c> in a file.</remarks>
internal abstract class Setting(string name, string meaning, string expected)
{
    private const string Prefix = "DARKBLOOM_";

    public string Name { get; } = name;

    /// <summary>What it does, for the help text.</summary>
    public string Meaning { get; } = meaning;

    /// <summary>What a good value looks like: completes "expected …".</summary>
    public string Expected { get; } = expected;

    /// <summary>The placeholder in the help text.</summary>
    public required string Placeholder { get; init; }

    /// <summary>A secret has no plain flag, since every user of a machine can read its command lines.</summary>
    public bool IsSecret { get; init; }

    /// <summary>What is assumed when nobody sets it; null when somebody has to.</summary>
    public abstract string? DefaultText { get; }

    public string Flag => "--" + Name;

    public string Variable => Prefix + Name.ToUpperInvariant().Replace('-', '_');

    /// <summary>The flag, the variable and the key that name a file with the secret in it.</summary>
    public string FileFlag => Flag + "-file";

    public string FileVariable => Variable + "_FILE";

    public string FileKey => Name + "-file";

    /// <summary>Whether <paramref name="text"/> is a value of this setting.</summary>
    public abstract bool Accepts(string text);
}
