using System;
using System.Collections.Immutable;

namespace Darkbloom.Cli.Settings;

/// <summary>The person who started this got settings wrong; each problem names its place and its fix.</summary>
internal sealed class SettingException(params ImmutableArray<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public ImmutableArray<string> Problems { get; } = problems;
}
