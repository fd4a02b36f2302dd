using System;
using System.CommandLine;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Cli.Verbs;
using Xunit;

namespace Darkbloom.Cli.Tests.Verbs;

public sealed class CommandLineTests
{
    public static TheoryData<string> VerbNames { get; } = [.. Names()];

    [Fact]
    public void There_is_a_verb_for_each_thing_a_person_wants() => Assert.Equal(
        ["chat", "doctor", "gateway", "models", "node", "peers", "rendezvous", "sim", "up"], Names().Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("--help")]
    [InlineData()]
    public async Task Help_lists_every_verb_with_an_example(params string[] arguments)
    {
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync(arguments));
        Assert.Contains("darkbloom [command]", terminal.Output, StringComparison.Ordinal);
        Assert.All(Names(), name => Assert.Contains($"darkbloom {name}", terminal.Output, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(VerbNames))]
    public async Task Every_verb_has_help_with_examples_that_parse(string name)
    {
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync(name, "--help"));
        Assert.Contains("Examples:", terminal.Output, StringComparison.Ordinal);

        Command root = DarkbloomCommand.Create(terminal.Create());
        Verb verb = root.Subcommands.OfType<Verb>().Single(verb => verb.Name == name);
        Assert.NotEmpty(verb.Examples);
        Assert.All(verb.Examples, example =>
        {
            string line = example.CommandLine[example.CommandLine.IndexOf("darkbloom ", StringComparison.Ordinal)..]["darkbloom ".Length..];
            Assert.Empty(root.Parse(line).Errors);
        });
    }

    [Fact]
    public async Task An_unknown_verb_is_a_usage_error_with_a_suggestion_and_no_page_of_help()
    {
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.RunAsync("nod"));
        Assert.Contains("node", terminal.Output + terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Examples:", terminal.Output + terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("up", "--nodes", "0")]
    [InlineData("up", "--nodes", "17")]
    [InlineData("up", "--port", "65536")]
    [InlineData("up", "--bogus")]
    [InlineData("node")]
    [InlineData("chat", "hi", "--max-tokens", "0")]
    [InlineData("chat", "hi", "--url", "ftp://example.com")]
    [InlineData("gateway", "--config", "/no/such.json")]
    public async Task What_is_asked_for_wrongly_is_a_usage_error_in_words(params string[] arguments)
    {
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.RunAsync(arguments));
        Assert.NotEmpty(terminal.Error);
        Assert.DoesNotContain("   at ", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_are_shown_with_their_sources_and_without_secrets()
    {
        TestTerminal terminal = new() { Variables = { ["DARKBLOOM_API_KEY"] = "canary-7f", ["DARKBLOOM_NODES"] = "2" } };
        Assert.Equal(ExitCode.Success, await terminal.RunAsync("up", "--port", "0", "--print-config"));
        string[] lines = terminal.Output.Split('\n', StringSplitOptions.TrimEntries);
        Assert.Contains(lines, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["nodes", "2", "DARKBLOOM_NODES"]);
        Assert.Contains(lines, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["port", "0", "--port"]);
        Assert.DoesNotContain("canary-7f", terminal.Output + terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_are_shown_as_JSON_too()
    {
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync("rendezvous", "--print-config", "--json"));
        using JsonDocument document = JsonDocument.Parse(terminal.Output);
        JsonElement bind = document.RootElement.GetProperty("bind");
        Assert.Equal("127.0.0.1:7400", bind.GetProperty("value").GetString());
        Assert.Equal("default", bind.GetProperty("source").GetString());
    }

    [Fact]
    public async Task One_file_may_configure_several_roles()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("mesh.json", """{ "slots": 2, "http-bind": "127.0.0.1:0", "url": "http://127.0.0.1:1/v1" }""");
        Assert.Equal(ExitCode.Success, await new TestTerminal().RunAsync("rendezvous", "--config", path, "--print-config"));
    }

    [Fact]
    public async Task A_gateway_that_is_not_there_is_a_failure_with_advice()
    {
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Failure, await terminal.RunAsync("chat", "hi", "--url", "http://127.0.0.1:9"));
        Assert.Contains("darkbloom up", terminal.Error, StringComparison.Ordinal);
    }

    private static string[] Names() => [.. DarkbloomCommand.Create(new TestTerminal().Create()).Subcommands.Select(verb => verb.Name)];
}
