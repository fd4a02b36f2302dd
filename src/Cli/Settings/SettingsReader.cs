using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;

namespace Darkbloom.Cli.Settings;

/// <summary>Finds each setting's value: a flag beats the environment, which beats the file, which beats the default.</summary>
/// <param name="flag">The text of a flag by its name with dashes; null when it was not given.</param>
/// <param name="variable">The text of an environment variable; null when it is unset.</param>
/// <param name="file">The configuration file, if there is one.</param>
internal sealed class SettingsReader(Func<string, string?> flag, Func<string, string?> variable, SettingsFile? file)
{
    public const string DefaultSource = "default";

    private const long SecretBytesMax = 1 << 16;

    /// <exception cref="SettingException">At least one is missing or wrong; every problem is listed.</exception>
    public SettingValues Read(ImmutableArray<Setting> settings)
    {
        List<SettingValue> values = [];
        List<string> problems = [];
        foreach (Setting setting in settings)
        {
            try
            {
                values.Add(Find(setting));
            }
            catch (SettingException exception)
            {
                problems.AddRange(exception.Problems);
            }
        }

        return problems.Count == 0 ? new SettingValues(values) : throw new SettingException([.. problems]);
    }

    private SettingValue Find(Setting setting)
    {
        SettingValue? found = setting.IsSecret ? FindSecret(setting) : FindPlain(setting);
        if (found is null)
        {
            return setting.DefaultText is { } text
                ? new SettingValue(setting, text, DefaultSource)
                : throw new SettingException(
                    $"{setting.Flag} is missing ({setting.Meaning}). Give the flag, set {setting.Variable}, or put \"{setting.Name}\" into the configuration file.");
        }

        return setting.Accepts(found.Text)
            ? found
            : throw new SettingException($"{found.Source}: {(setting.IsSecret ? "the secret" : $"'{found.Text}'")} is not good: expected {setting.Expected}.");
    }

    private SettingValue? FindPlain(Setting setting)
    {
        if (flag(setting.Flag) is { } given)
        {
            return new SettingValue(setting, given, setting.Flag);
        }

        if (variable(setting.Variable) is { } exported)
        {
            return new SettingValue(setting, exported, setting.Variable);
        }

        return file?.Value(setting.Name) is { } written ? new SettingValue(setting, written, $"{file.Path}: {setting.Name}") : null;
    }

    private SettingValue? FindSecret(Setting setting)
    {
        if (flag(setting.FileFlag) is { } flagPath)
        {
            return new SettingValue(setting, Secret(flagPath, setting.FileFlag), $"{setting.FileFlag} {flagPath}");
        }

        if (variable(setting.Variable) is { } exported)
        {
            return new SettingValue(setting, exported, setting.Variable);
        }

        if (variable(setting.FileVariable) is { } variablePath)
        {
            return new SettingValue(setting, Secret(variablePath, setting.FileVariable), $"{setting.FileVariable} {variablePath}");
        }

        if (file?.Value(setting.FileKey) is { } writtenPath)
        {
            string path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file.Path))!, writtenPath);
            return new SettingValue(setting, Secret(path, $"{file.Path}: {setting.FileKey}"), $"{file.Path}: {setting.FileKey}");
        }

        if (file?.Value(setting.Name) is not { } written)
        {
            return null;
        }

        return file.IsPrivate
            ? new SettingValue(setting, written, $"{file.Path}: {setting.Name}")
            : throw new SettingException(
                $"{file.Path}: holds '{setting.Name}' and can be read by other users: run `chmod 600 {file.Path}`, or name a private file with '{setting.FileKey}'.");
    }

    private static string Secret(string path, string source)
    {
        try
        {
            if (new FileInfo(path).Length > SecretBytesMax)
            {
                throw new SettingException($"{source}: {path} is larger than {SecretBytesMax} bytes, so hardly a secret.");
            }

            return File.ReadAllText(path).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"{source}: cannot read the secret: {exception.Message}");
        }
    }
}
