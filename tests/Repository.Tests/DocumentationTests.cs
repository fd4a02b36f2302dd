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
    private static readonly string[] Verbs = ["up", "chat", "node", "gateway", "rendezvous", "models", "peers", "doctor"];

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
    public void The_verbs_are_those_of_the_command_line() => Assert.Equal(
        Verbs.Order(StringComparer.Ordinal),
        CreatedVerb().Matches(RepositoryFiles.Read("src/Cli/Verbs/DarkbloomCommand.cs"))
            .Select(match => match.Groups[1].Value.ToLowerInvariant())
            .Order(StringComparer.Ordinal));

    [Fact]
    public void Every_limit_of_the_protocol_document_is_a_constant() => RepositoryFiles.AssertNone(
        from Match row in LimitName().Matches(RepositoryFiles.Read("docs/protocol.md"))
        let type = row.Groups[1].Value
        let constant = row.Groups[2].Value
        where !RepositoryFiles.Sources.Any(path => Path.GetFileName(path) == type + ".cs"
            && Regex.IsMatch(RepositoryFiles.Read(path), $@"\b{constant}\b"))
        select $"docs/protocol.md: {type}.{constant}");

    [Fact]
    public void Every_section_that_a_source_names_is_in_the_protocol_document()
    {
        HashSet<string> sections = [.. Heading().Matches(RepositoryFiles.Read("docs/protocol.md")).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(sections);
        RepositoryFiles.AssertNone(
            from path in RepositoryFiles.Sources
            where path.StartsWith("src/Protocol/", StringComparison.Ordinal)
            from Match named in SectionName().Matches(RepositoryFiles.Read(path))
            where !named.Value.Contains("RFC", StringComparison.Ordinal) && !sections.Contains(named.Groups[1].Value)
            select $"{path}: section {named.Groups[1].Value}");
    }

    [Theory]
    [InlineData("src/Protocol/Frames/", "Frame.cs")]
    [InlineData("src/Protocol/Packets/", "Packet.cs")]
    public void Every_frame_and_packet_names_its_section(string directory, string suffix) => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.Sources
        where path.StartsWith(directory, StringComparison.Ordinal) && path.EndsWith(suffix, StringComparison.Ordinal)
        where !SectionName().IsMatch(RepositoryFiles.Read(path))
        select $"{path} names no section of docs/protocol.md");

    [Fact]
    public void Every_transport_error_is_in_the_protocol_document()
    {
        string document = RepositoryFiles.Read("docs/protocol.md");
        RepositoryFiles.AssertNone(
            from Match member in EnumMember().Matches(RepositoryFiles.Read("src/Protocol/Frames/TransportErrorCode.cs"))
            where !document.Contains($"`{member.Groups[1].Value}`", StringComparison.Ordinal)
            select $"docs/protocol.md lacks `{member.Groups[1].Value}`");
    }

    [Fact]
    public void Every_decision_record_is_numbered_and_listed_once()
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

    [GeneratedRegex(@"^([a-z]+):", RegexOptions.Multiline)]
    private static partial Regex MakeTarget();

    [GeneratedRegex(@"\b([A-Z]\w+)Verb\.Create\(")]
    private static partial Regex CreatedVerb();

    [GeneratedRegex(@"`([A-Z]\w+)\.([A-Z]\w*(?:Max|Min|HardMax))`")]
    private static partial Regex LimitName();

    [GeneratedRegex(@"^#{2,4} (\d+(?:\.\d+)*) ", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"(?:RFC \d+,? )?\bsection (\d+(?:\.\d+)*)")]
    private static partial Regex SectionName();

    [GeneratedRegex(@"^\s{4}([A-Z]\w*) = ", RegexOptions.Multiline)]
    private static partial Regex EnumMember();

    [GeneratedRegex(@"\b[A-Za-z_]\w*\b")]
    private static partial Regex Word();

    [GeneratedRegex(@"```.*?```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
