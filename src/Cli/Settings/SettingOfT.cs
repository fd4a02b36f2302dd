using System;

namespace Darkbloom.Cli.Settings;

/// <summary>Reads a value; false when the text is none.</summary>
internal delegate bool SettingParser<T>(string text, out T value);

/// <summary>A setting whose values are of type <typeparamref name="T"/>.</summary>
internal sealed class Setting<T>(string name, string meaning, string expected, SettingParser<T> parser, Func<string>? fallback)
    : Setting(name, meaning, expected)
{
    public override string? DefaultText => fallback?.Invoke();

    public override bool Accepts(string text) => parser(text, out _);

    /// <summary>The value of a text that was accepted.</summary>
    public T Parse(string text) =>
        parser(text, out T value) ? value : throw new ArgumentException($"'{Name}' does not accept this text.", nameof(text));

    /// <summary>The same setting with another default.</summary>
    public Setting<T> WithDefault(string text) =>
        new(Name, Meaning, Expected, parser, () => text) { Placeholder = Placeholder, IsSecret = IsSecret };

    /// <summary>The same setting where nobody has to set it: null then.</summary>
    public Setting<T?> AsOptional() => new(Name, Meaning, Expected, TryOptional, () => "") { Placeholder = Placeholder, IsSecret = IsSecret };

    private bool TryOptional(string text, out T? value)
    {
        value = default;
        return text.Length == 0 || parser(text, out value!);
    }
}
