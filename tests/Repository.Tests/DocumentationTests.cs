using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace Darkbloom.Repository.Tests;

/// <summary>Documents say what is there: their links, names and commands are looked up.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string[] Verbs = ["up", "chat", "node", "gateway", "rendezvous", "models", "peers", "sim", "doctor"];

    [Fact]
    public void Every_relative_link_leads_somewhere() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.Documents
        from Match link in Link().Matches(RepositoryFiles.Read(path))
        let target = link.Groups[1].Value.Split('#')[0]
        where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal)
        let resolved = Path.GetRelativePath(
            RepositoryFiles.Root, Path.GetFullPath(Path.Combine(RepositoryFiles.Root, Path.GetDirectoryName(path) ?? "", target)))
        where !RepositoryFiles.Exists(resolved)
        select $"{path}: {link.Groups[1].Value}");

    [Fact]
    public void Every_type_that_a_document_names_exists()
    {
        HashSet<string> words = Words();
        RepositoryFiles.AssertNone(
            from path in RepositoryFiles.Documents
            where path is "README.md" or "CONTRIBUTING.md" or "SECURITY.md" || path.StartsWith("docs/", StringComparison.Ordinal)
            from Match name in TypeName().Matches(WithoutCodeBlocks(RepositoryFiles.Read(path)))
            from part in name.Groups[1].Value.Split('.')
            where !words.Contains(part)
            select $"{path}: `{name.Groups[1].Value}`");
    }

    [Fact]
    public void Every_command_of_a_document_is_a_verb_or_a_target()
    {
        HashSet<string> targets = [.. MakeTarget().Matches(RepositoryFiles.Read("Makefile")).Select(match => match.Groups[1].Value)];
        RepositoryFiles.AssertNone(
            from path in RepositoryFiles.Documents
            from Match command in Command().Matches(RepositoryFiles.Read(path))
            let tool = command.Groups[1].Value
            let word = command.Groups[2].Value
            where tool == "make" ? !targets.Contains(word) : !Verbs.Contains(word)
            select $"{path}: {command.Value.Trim()}");
    }

    [Fact]
    public void Every_flag_of_a_document_is_one_of_the_command_line()
    {
        string sources = string.Join('\n', RepositoryFiles.Sources
            .Where(path => path.StartsWith("src/Cli/", StringComparison.Ordinal))
            .Select(RepositoryFiles.Read));
        RepositoryFiles.AssertNone(
            from path in RepositoryFiles.Documents
            from Match line in CommandLine().Matches(RepositoryFiles.Read(path))
            from Match flag in Flag().Matches(line.Value)
            let name = flag.Groups[1].Value
            let setting = name.EndsWith("-file", StringComparison.Ordinal) ? name[..^"-file".Length] : name
            where name != "help" && !sources.Contains($"\"--{name}\"", StringComparison.Ordinal)
                && !sources.Contains($"\"{setting}\"", StringComparison.Ordinal)
            select $"{path}: --{name}");
    }

    [Fact]
    public void The_readme_shows_every_verb_and_the_two_commands_that_a_newcomer_needs()
    {
        string readme = RepositoryFiles.Read("README.md");
        RepositoryFiles.AssertNone(Verbs
            .Select(verb => $"./darkbloom {verb}")
            .Append("make test")
            .Where(command => !readme.Contains(command, StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_setting_of_the_operations_document_is_one_and_every_one_is_there()
    {
        string document = RepositoryFiles.Read("docs/operations.md");
        string[] documented = [.. SettingRow().Matches(document).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal)];
        string[] known =
        [
            .. KnownSetting().Matches(RepositoryFiles.Read("src/Cli/Settings/KnownSettings.cs"))
                .Select(match => match.Groups[1].Value)
                .Order(StringComparer.Ordinal),
        ];
        Assert.NotEmpty(known);
        Assert.Equal(known, documented);
    }

    [Fact]
    public void The_verbs_are_those_of_the_command_line() => Assert.Equal(
        Verbs.Order(StringComparer.Ordinal),
        CreatedVerb().Matches(RepositoryFiles.Read("src/Cli/Verbs/DarkbloomCommand.cs"))
            .Select(match => match.Groups[1].Value.ToLowerInvariant())
            .Order(StringComparer.Ordinal));

    [Fact]
    public void Every_decision_record_has_a_number_of_its_own()
    {
        string[] numbers =
        [
            .. RepositoryFiles.Documents
                .Where(path => path.StartsWith("docs/decisions/", StringComparison.Ordinal))
                .Select(path => Path.GetFileName(path)[..4]),
        ];
        Assert.NotEmpty(numbers);
        Assert.All(numbers, number => Assert.True(int.TryParse(number, out _), number));
        Assert.Equal(numbers.Length, numbers.Distinct().Count());
    }

    /// <summary>Every word of the sources and of the project files: types, members, options.</summary>
    private static HashSet<string> Words() =>
    [
        .. RepositoryFiles.Texts
            .Where(path => !path.EndsWith(".md", StringComparison.Ordinal))
            .SelectMany(path => Word().Matches(RepositoryFiles.Read(path)).Select(match => match.Value)),
    ];

    private static string WithoutCodeBlocks(string markdown) => CodeBlock().Replace(markdown, "");

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    /// <summary>Two humps at least: `MeshPeer`, `WireLimits.DatagramBytesMax`, not `Ready`.</summary>
    [GeneratedRegex(@"`([A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+(?:\.[A-Z]\w*)*)`")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"(?:^|`|\$ )\s*(?:\./)?(darkbloom|make) ([a-z]+)", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"\bdarkbloom [a-z]+ [^`\n]*")]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"(?<=\s)--([a-z][a-z-]*)")]
    private static partial Regex Flag();

    [GeneratedRegex(@"^\| `([a-z][a-z-]*)` \|", RegexOptions.Multiline)]
    private static partial Regex SettingRow();

    [GeneratedRegex(@"= new\(\s*""([a-z][a-z-]*)""")]
    private static partial Regex KnownSetting();

    [GeneratedRegex(@"^([a-z]+):", RegexOptions.Multiline)]
    private static partial Regex MakeTarget();

    [GeneratedRegex(@"\b([A-Z]\w+)Verb\.Create\(")]
    private static partial Regex CreatedVerb();

    [GeneratedRegex(@"\b[A-Za-z_]\w*\b")]
    private static partial Regex Word();

    [GeneratedRegex(@"```.*?```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
