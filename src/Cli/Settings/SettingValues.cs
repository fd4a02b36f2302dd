using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;

namespace Darkbloom.Cli.Settings;

/// <summary>One setting as it came out, and who said so.</summary>
internal sealed record SettingValue(Setting Setting, string Text, string Source)
{
    /// <summary>What may be shown: a secret never is.</summary>
    public string Shown => Setting.IsSecret ? (Text.Length == 0 ? "(none)" : "(set, hidden)") : Text;
}

/// <summary>The settings of one verb, each parsed, none missing.</summary>
internal sealed class SettingValues(IEnumerable<SettingValue> values)
{
    public ImmutableArray<SettingValue> All { get; } = [.. values];

    public T Get<T>(Setting<T> setting) => setting.Parse(All.Single(value => value.Setting.Name == setting.Name).Text);
}
