using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Settings;

namespace Darkbloom.Cli.Verbs;

/// <summary>Gives a verb the flags of its settings, <c>--config</c> and <c>--print-config</c>.</summary>
internal sealed class SettingOptions
{
    private const string ConfigVariable = "DARKBLOOM_CONFIG";

    private readonly Terminal _terminal;
    private readonly Option<string?> _config = new("--config")
    {
        Description = $"configuration file: a JSON object whose keys are the flags without dashes; comments are fine [env: {ConfigVariable}]",
        HelpName = "file.json",
    };

    private readonly Option<bool> _printConfig = new("--print-config")
    {
        Description = "show every setting, its value and who set it, and exit; secrets stay hidden",
    };

    private readonly Option<bool> _json;

    public SettingOptions(Verb verb, Terminal terminal, Option<bool> json, params ImmutableArray<Setting> settings)
    {
        _terminal = terminal;
        _json = json;
        Settings = settings;
        foreach (Setting setting in settings)
        {
            verb.Add(CreateOption(setting));
        }

        verb.Add(_config);
        verb.Add(_printConfig);
    }

    public ImmutableArray<Setting> Settings { get; }

    public static Option<bool> CreateJsonOption() => new("--json") { Description = "write JSON instead of a table" };

    /// <exception cref="SettingException">Something is missing or wrong.</exception>
    public SettingValues Read(ParseResult parsed)
    {
        string? path = parsed.GetValue(_config) ?? _terminal.Variable(ConfigVariable);
        SettingsFile? file = path is null ? null : SettingsFile.Load(path);
        return new SettingsReader(name => parsed.GetValue<string?>(name), _terminal.Variable, file).Read(Settings);
    }

    /// <summary>Whether the person only wanted to see the settings; they have been shown then.</summary>
    public bool Printed(ParseResult parsed, SettingValues values)
    {
        if (!parsed.GetValue(_printConfig))
        {
            return false;
        }

        if (parsed.GetValue(_json))
        {
            JsonObject all = [];
            foreach (SettingValue value in values.All)
            {
                all[value.Setting.Name] = new JsonObject { ["value"] = value.Shown, ["source"] = value.Source };
            }

            _terminal.Out.WriteLine(all.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            return true;
        }

        Spectre.Console.Table table = Tables.Create("setting", "value", "from");
        foreach (SettingValue value in values.All)
        {
            table.Add(value.Setting.Name, value.Shown, value.Source);
        }

        _terminal.OutConsole().Write(table);
        return true;
    }

    private static Option<string?> CreateOption(Setting setting)
    {
        string fallback = setting.DefaultText is { Length: > 0 } text ? $" [default: {text}]" : "";
        return setting.IsSecret
            ? new Option<string?>(setting.FileFlag)
            {
                Description = $"file that holds {setting.Meaning}; or set {setting.Variable} (a flag would show the secret to every user of this machine)",
                HelpName = "file",
            }
            : new Option<string?>(setting.Flag)
            {
                Description = $"{setting.Meaning} [env: {setting.Variable}]{fallback}",
                HelpName = setting.Placeholder,
            };
    }
}
