using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace Darkbloom.Repository.Tests;

/// <summary>Leftovers that no analyzer looks for.</summary>
public sealed partial class TidyTests
{
    /// <summary>The words themselves stand in pieces, so that this file passes its own test.</summary>
    public static TheoryData<string, string> Leftovers { get; } = new()
    {
        { "TO" + "DO", @"\bTO" + @"DO\b" },
        { "FIX" + "ME", @"\bFIX" + @"ME\b" },
        { "HA" + "CK", @"\bHA" + @"CK\b" },
        { "XX" + "X", @"\bXX" + @"X\b" },
        { "a region", @"^\s*#" + "region" },
        { "an unwritten method", "NotImplemented" + "Exception" },
        { "a skipped test", @"\[(Fact|Theory)\([^)]*\bSkip\s*=\s*" + "\"" },
        { "a sleeping thread in a test", @"Thread\.Sle" + @"ep\(" },
        { "a path of one machine", "(^|[\"'`(= ])/(work|ro" + "ot|ho" + "me|Users)/[a-z]" },
        { "a registry of one machine", @"(?i)https?://[\w.:-]*\b(proxy|mirror|nex" + "us|artif" + @"actory|registry)\b" },
        { "a number of an issue", @"(?i)\bissue " + @"#?\d|(?<![\w&(#])#" + @"\d+\b" },
    };

    [Theory]
    [MemberData(nameof(Leftovers))]
    public void No_source_holds(string leftover, string pattern)
    {
        Regex regex = new(pattern, RegexOptions.Multiline);
        bool testsOnly = leftover.Contains("in a test", StringComparison.Ordinal);
        RepositoryFiles.AssertNone(
            from path in RepositoryFiles.Texts
            where !IsWrittenByTools(path) && (!testsOnly || path.StartsWith("tests/", StringComparison.Ordinal))
            from line in File.ReadLines(Path.Combine(RepositoryFiles.Root, path)).Select((text, index) => (text, number: index + 1))
            where regex.IsMatch(line.text)
            select $"{path}:{line.number}: {leftover}: {line.text.Trim()}");
    }

    [Fact]
    public void Texts_have_unix_line_ends_and_end_with_one() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.Texts
        where !IsWrittenByTools(path)
        let text = RepositoryFiles.Read(path)
        where text.Contains('\r', StringComparison.Ordinal) || (text.Length > 0 && !text.EndsWith('\n'))
        select $"{path}: line ends");

    [Fact]
    public void Sources_have_no_tabs() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.Texts
        where path != "Makefile" && RepositoryFiles.Read(path).Contains('\t', StringComparison.Ordinal)
        select $"{path}: a tab");

    [Fact]
    public void A_source_file_is_in_the_directory_that_its_namespace_names() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.Sources
        let declared = NamespaceDeclaration().Match(RepositoryFiles.Read(path))
        where declared.Success
        let place = Path.GetDirectoryName(path)!.Replace('\\', '/').Replace('/', '.')
        let expected = Namespace(place)
        where declared.Groups[1].Value != expected
        select $"{path}: namespace {declared.Groups[1].Value}, expected {expected}");

    [Fact]
    public void A_source_file_is_named_after_its_type_unless_it_holds_a_family() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.Sources
        let types = TypeDeclaration().Matches(RepositoryFiles.Read(path)).Select(match => match.Groups[1].Value).ToArray()
        where types.Length == 1
        let name = Path.GetFileNameWithoutExtension(path).Split('.')[0]
        where types[0] != (name.EndsWith("OfT", StringComparison.Ordinal) ? name[..^3] : name)
        select $"{path}: holds {types[0]}");

    [Fact]
    public void Every_project_that_is_restored_has_its_lock_file() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.All
        where path.EndsWith(".csproj", StringComparison.Ordinal)
        let expected = Path.GetDirectoryName(path)!.Replace('\\', '/') + "/packages.lock.json"
        where !RepositoryFiles.Exists(expected)
        select $"{expected} is missing");

    [Fact]
    public void The_sources_are_found()
    {
        IReadOnlyCollection<string> sources = RepositoryFiles.Sources;
        Assert.True(sources.Count > 100, $"only {sources.Count} sources were found");
    }

    private static bool IsWrittenByTools(string path) => path.EndsWith(".lock.json", StringComparison.Ordinal) || path.EndsWith("package-lock.json", StringComparison.Ordinal);

    private static string Namespace(string place)
    {
        string inside = place switch
        {
            _ when place.StartsWith("src.", StringComparison.Ordinal) => place["src.".Length..],
            // What several test projects compile belongs to none of them.
            "tests.Support" => "Tests.Support",
            _ when place.StartsWith("tests.", StringComparison.Ordinal) => place["tests.".Length..],
            _ when place.StartsWith("tools.", StringComparison.Ordinal) => place["tools.".Length..],
            _ => char.ToUpperInvariant(place[0]) + place[1..],
        };
        return "Darkbloom." + inside;
    }

    [GeneratedRegex(@"^namespace ([\w.]+)\s*;", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();

    [GeneratedRegex(@"^(?:public|internal)[\w ]* (?:class|struct|record|enum|interface) (?:struct |class )?(\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();
}
