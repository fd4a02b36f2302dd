using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;
using Google.Protobuf.Reflection;
using Xunit;

namespace Darkbloom.Repository.Tests;

/// <summary>docs/protocol.md and the code say the same: sections, frames, packets, codes and limits.</summary>
public sealed partial class ProtocolDocumentTests
{
    private const string Page = "docs/protocol.md";

    private static readonly string Text = RepositoryFiles.Read(Page);

    private static readonly ImmutableDictionary<string, string> Sections =
        Heading().Matches(Text)
            .DistinctBy(match => match.Groups[1].Value)
            .ToImmutableDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

    [Fact]
    public void Sections_are_numbered_without_gaps()
    {
        string[] numbers = [.. Heading().Matches(Text).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(numbers);
        List<int> expected = [0, 0];
        foreach (string number in numbers)
        {
            int depth = number.Count(character => character == '.');
            expected[depth]++;
            if (depth == 0)
            {
                expected[1] = 0;
            }

            Assert.Equal(string.Join('.', expected.Take(depth + 1)), number);
        }
    }

    [Fact]
    public void Every_section_that_a_source_names_is_there()
    {
        RepositoryFiles.AssertNone(
            from path in RepositoryFiles.Texts
            where path.EndsWith(".proto", StringComparison.Ordinal) || path.EndsWith(".cs", StringComparison.Ordinal)
            let isProtocol = path.StartsWith("src/Protocol/", StringComparison.Ordinal)
            from Match named in SectionName().Matches(RepositoryFiles.Read(path))
            where named.Value.StartsWith("docs/", StringComparison.Ordinal) || (isProtocol && named.Value.StartsWith("section", StringComparison.Ordinal))
            where !Sections.ContainsKey(named.Groups[1].Value)
            select $"{path}: section {named.Groups[1].Value}");
    }

    [Fact]
    public void Every_section_that_the_page_itself_names_is_there() => RepositoryFiles.AssertNone(
        from Match named in SectionName().Matches(Text)
        where named.Value.StartsWith("section", StringComparison.Ordinal) && !Sections.ContainsKey(named.Groups[1].Value)
        select $"section {named.Groups[1].Value}");

    [Fact]
    public void Every_frame_has_its_section_and_every_section_of_frames_its_frame()
    {
        Dictionary<string, string> frames = RepositoryFiles.Sources
            .Where(path => path.StartsWith("src/Protocol/Frames/", StringComparison.Ordinal) && path.EndsWith("Frame.cs", StringComparison.Ordinal))
            .ToDictionary(Section, path => WireName(Path.GetFileNameWithoutExtension(path)[..^"Frame".Length]));
        Assert.Equal(
            Sections.Where(section => section.Key.StartsWith("6.", StringComparison.Ordinal)).OrderBy(section => section.Key, StringComparer.Ordinal),
            frames.OrderBy(frame => frame.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Every_packet_has_its_section() => RepositoryFiles.AssertNone(
        from path in RepositoryFiles.Sources
        where path.StartsWith("src/Protocol/Packets/", StringComparison.Ordinal)
        let name = Path.GetFileNameWithoutExtension(path)
        where name.EndsWith("Packet", StringComparison.Ordinal) || name.EndsWith("PacketHeader", StringComparison.Ordinal)
        let title = name[..name.IndexOf("Packet", StringComparison.Ordinal)]
        where Sections.GetValueOrDefault(Section(path)) != title
        select $"{path}: section {Section(path)} isn't \"{title}\"");

    [Fact]
    public void Every_diagram_is_that_of_the_code()
    {
        HashSet<string> blocks = [.. CodeBlock().Matches(Text).Select(match => match.Groups[1].Value.Trim('\n'))];
        RepositoryFiles.AssertNone(
            from path in RepositoryFiles.Sources
            where path.StartsWith("src/Protocol/", StringComparison.Ordinal)
            from Match diagram in Diagram().Matches(RepositoryFiles.Read(path))
            let lines = diagram.Groups[1].Value.Split('\n').Select(line => CommentStart().Replace(line, ""))
            where !blocks.Contains(string.Join('\n', lines).Trim('\n'))
            select $"{path}: its diagram isn't in {Page}");
    }

    [Fact]
    public void Every_golden_vector_of_a_frame_is_tested()
    {
        // The tests write a vector in pieces, one for each field.
        string tests = Joint().Replace(RepositoryFiles.Read("tests/Protocol.Tests/Frames/FrameTests.cs"), "");
        string[] vectors = [.. GoldenVector().Matches(Text).Select(match => match.Groups[1].Value.Replace(" ", "", StringComparison.Ordinal))];
        Assert.Equal(Sections.Count(section => section.Key.StartsWith("6.", StringComparison.Ordinal)), vectors.Length);
        RepositoryFiles.AssertNone(vectors.Where(vector => !tests.Contains($"\"{vector}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_type_of_frame_is_in_the_table()
    {
        string[] documented = [.. MarkdownTable.In(Text).Single(table => table.Head[0] == "type").Rows.Select(row => row[0])];
        IEnumerable<string> known = Enum.GetValues<FrameType>().Where(type => type < FrameType.Stream)
            .Select(type => $"0x{(int)type:X2}")
            .Append($"0x{(int)FrameType.Stream:X2}..0x{(int)FrameType.StreamLast:X2}")
            .Concat(Enum.GetValues<FrameType>().Where(type => type > FrameType.StreamLast).Select(type => $"0x{(int)type:X2}"));
        Assert.Equal(known, documented);
    }

    [Fact]
    public void Transport_codes_are_those_of_section_9_2() => AssertCodes("9.2", Values<TransportErrorCode>());

    [Fact]
    public void Mesh_and_inference_codes_are_those_of_section_9_3() => AssertCodes("9.3", typeof(PeerCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => ((ulong)field.GetRawConstantValue()!, field.Name))
        .Concat(Values<InferenceStreamError>()));

    [Fact]
    public void Codes_of_the_rendezvous_are_those_of_section_9_4() => AssertCodes("9.4", Values(RendezvousReflection.Descriptor, nameof(RendezvousErrorCode)));

    [Fact]
    public void Refusals_are_those_of_section_9_5() => AssertCodes("9.5", Values(InferenceReflection.Descriptor, nameof(RefusalReason)));

    [Fact]
    public void Faults_are_those_of_section_9_6() => AssertCodes("9.6", Values(InferenceReflection.Descriptor, nameof(InferenceFault)));

    [Fact]
    public void Verdicts_are_those_of_section_3_4() => Assert.Equal(
        Values<TicketVerdict>().OrderBy(pair => pair.Code),
        MarkdownTable.In(Text)
            .Where(table => table.Head[0] == "verdict")
            .SelectMany(table => table.Rows)
            .Select(row => (Number(row[1]), row[0].Trim('`')))
            .OrderBy(pair => pair.Item1));

    [Fact]
    public void Every_refusal_and_fault_has_its_conduct_in_section_8() => RepositoryFiles.AssertNone(
        from pair in Values(InferenceReflection.Descriptor, nameof(RefusalReason)).Concat(Values(InferenceReflection.Descriptor, nameof(InferenceFault)))
        where pair.Name != "UNSPECIFIED"
        where !MarkdownTable.In(Text).Any(table => table.Head[0] is "reason" or "fault"
            && table.Rows.Any(row => row[0].Contains($"`{pair.Name}`", StringComparison.Ordinal)))
        select pair.Name);

    [Theory]
    [InlineData(Page)]
    [InlineData("docs/operations.md")]
    public void Every_documented_limit_has_the_value_of_its_constant(string document)
    {
        DocumentedLimit[] limits = [.. DocumentedLimit.In(document)];
        Assert.NotEmpty(limits);
        RepositoryFiles.AssertNone(limits.SelectMany(Differences));
    }

    [Fact]
    public void Every_limit_that_peers_share_is_documented()
    {
        HashSet<string> documented = [.. DocumentedLimit.In(Page).SelectMany(limit => limit.Names)];
        RepositoryFiles.AssertNone(CompiledConstants.Limits(IsShared).Where(name => !documented.Contains(name)).Distinct());
    }

    [Fact]
    public void Every_limit_of_the_HTTP_edge_is_documented()
    {
        HashSet<string> documented = [.. DocumentedLimit.In("docs/operations.md").SelectMany(limit => limit.Names)];
        RepositoryFiles.AssertNone(CompiledConstants.Limits(name => name == "Darkbloom.Gateway.OpenAi")
            .Where(name => name.StartsWith("HttpLimits.", StringComparison.Ordinal) && !documented.Contains(name)));
    }

    /// <summary>Hosting bounds this process, not what peers agree on.</summary>
    private static bool IsShared(string place) =>
        place.StartsWith("Darkbloom.Protocol.", StringComparison.Ordinal)
        || place is "Darkbloom.Mesh" or "Darkbloom.Mesh.Dispatch" or "Darkbloom.Mesh.Membership" or "Darkbloom.Mesh.Peering" or "Darkbloom.Mesh.Routing"
        || place.StartsWith("Darkbloom.Mesh.Transport", StringComparison.Ordinal)
        || place is "Darkbloom.Rendezvous.Limits";

    private static IEnumerable<string> Differences(DocumentedLimit limit)
    {
        object?[] found = [.. limit.Names.Select(CompiledConstants.Find)];
        foreach ((string name, object? value) in limit.Names.Zip(found))
        {
            if (value is null)
            {
                yield return $"{limit.Document}: {name} isn't in the code";
            }
        }

        // Constants named for their unit are numbers in the code and times on the page.
        string expected = string.Join(", ", found.OfType<object>().SelectMany(DocumentedLimit.Canonical).Distinct());
        string documented = string.Join(", ", limit.Values.Distinct());
        if (!found.Contains(null) && expected != documented && expected != WithoutUnits(limit))
        {
            yield return $"{limit.Document}: {string.Join(", ", limit.Names)} are {expected}, the page says {documented}";
        }
    }

    /// <summary>Milliseconds for names that end in Ms, MsMax and so on; seconds for those in S or Seconds.</summary>
    private static string WithoutUnits(DocumentedLimit limit)
    {
        bool isInMilliseconds = limit.Names.All(name => MillisecondName().IsMatch(name));
        return string.Join(", ", limit.Values.Distinct().Select(value => !value.EndsWith(" ms", StringComparison.Ordinal) ? value
            : isInMilliseconds ? value[..^" ms".Length]
            : (Number(value[..^" ms".Length]) / 1000).ToString(CultureInfo.InvariantCulture)));
    }

    private static void AssertCodes(string section, IEnumerable<(ulong Code, string Name)> known) => Assert.Equal(
        known.OrderBy(pair => pair.Code),
        MarkdownTable.In(Text)
            .Where(table => table.Section.StartsWith(section + " ", StringComparison.Ordinal))
            .SelectMany(table => table.Rows)
            .Select(row => (Number(row[0]), Name: CodeName().Match(row[1]).Groups[1].Value))
            .OrderBy(pair => pair.Item1));

    private static IEnumerable<(ulong Code, string Name)> Values<T>()
        where T : struct, Enum =>
        Enum.GetValues<T>().Select(value => (Convert.ToUInt64(value, CultureInfo.InvariantCulture), value.ToString()));

    private static IEnumerable<(ulong Code, string Name)> Values(FileDescriptor file, string type)
    {
        string prefix = WireName(type) + "_";
        return file.EnumTypes.Single(candidate => candidate.Name == type).Values
            .Select(value => ((ulong)value.Number, value.Name.Replace(prefix, "", StringComparison.Ordinal)));
    }

    private static ulong Number(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : ulong.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>The section that a source file names first.</summary>
    private static string Section(string path) =>
        SectionName().Matches(RepositoryFiles.Read(path)).Select(match => match.Groups[1].Value).FirstOrDefault($"none in {path}");

    /// <summary><c>MaxStreamData</c> is MAX_STREAM_DATA on the wire.</summary>
    private static string WireName(string name) => Hump().Replace(name, "_").ToUpperInvariant();

    [GeneratedRegex(@"^#{2,3} (\d+(?:\.\d+)*) (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"(?:RFC \d+,? |docs/protocol\.md,? |revision \d+,? )?\b[Ss]ection (\d+(?:\.\d+)*)")]
    private static partial Regex SectionName();

    [GeneratedRegex(@"```\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    /// <summary>A doc comment's code that draws boxes.</summary>
    [GeneratedRegex(@"<code>((?:(?!</code>).)*\+-\+-(?:(?!</code>).)*)</code>", RegexOptions.Singleline)]
    private static partial Regex Diagram();

    [GeneratedRegex(@"^\s*/// ?")]
    private static partial Regex CommentStart();

    [GeneratedRegex(@"^Golden vector: .*?`([0-9A-F ]+)`", RegexOptions.Multiline)]
    private static partial Regex GoldenVector();

    [GeneratedRegex(@"""\s*\+\s*""")]
    private static partial Regex Joint();

    [GeneratedRegex(@"^`(\w+)`")]
    private static partial Regex CodeName();

    [GeneratedRegex(@"Ms(?:Max|Min)?$")]
    private static partial Regex MillisecondName();

    [GeneratedRegex(@"(?<=[a-z])(?=[A-Z])")]
    private static partial Regex Hump();
}
