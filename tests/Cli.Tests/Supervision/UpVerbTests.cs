using System;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Supervision;
using Darkbloom.Cli.Tests.Chats;
using Darkbloom.Cli.Verbs;
using Xunit;

namespace Darkbloom.Cli.Tests.Supervision;

public sealed class UpVerbTests
{
    [Fact]
    public async Task A_question_is_answered_on_standard_output_and_everything_else_goes_to_the_error_stream()
    {
        await using ScriptedGateway gateway = await ScriptedGateway.StartAsync();
        TestTerminal terminal = new();
        UpRun run = new(Plan(gateway.Address), "", "What is the capital of Japan?", Json: false, Verbose: false);
        Assert.Equal((int)ExitCode.Success, await UpVerb.RunAsync(run, terminal.Create()));
        Assert.Equal("Tokyo." + Environment.NewLine, terminal.Output);
        Assert.Contains("node-1", terminal.Error, StringComparison.Ordinal);
        Assert.Equal("Bearer canary-key", gateway.LastAuthorization);
    }

    [Fact]
    public async Task Each_line_of_JSON_is_an_object()
    {
        await using ScriptedGateway gateway = await ScriptedGateway.StartAsync();
        TestTerminal terminal = new();
        UpRun run = new(Plan(gateway.Address), "", "Hello?", Json: true, Verbose: false);
        Assert.Equal((int)ExitCode.Success, await UpVerb.RunAsync(run, terminal.Create()));
        string[] lines = terminal.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(lines);
        Assert.All(lines, line => JsonDocument.Parse(line).Dispose());
    }

    [Fact]
    public async Task A_mesh_that_does_not_start_is_a_failure_with_the_reason_and_leaves_nothing_behind()
    {
        TestTerminal terminal = new();
        using TemporaryDirectory directory = new();
        LocalMeshPlan plan = Plan("http://127.0.0.1:1") with
        {
            Command = (role, _, _) => ShellRole.Command(ShellRole.Failing(role, "No room.")),
        };
        UpRun run = new(plan, Path.Combine(directory.FullPath, "state"), "Hello?", Json: false, Verbose: false);
        InvalidOperationException exception =
            await Assert.ThrowsAsync<InvalidOperationException>(() => UpVerb.RunAsync(run, terminal.Create()));
        Assert.Contains("No room.", exception.Message, StringComparison.Ordinal);
        Assert.Equal("", terminal.Output);
    }

    [Fact]
    public void Client_lines_quote_whatever_a_model_is_called()
    {
        ClientLines lines = new("http://127.0.0.1:8484", "key", "it's $(a) `model`");
        Assert.Contains("-d '{", lines.Curl, StringComparison.Ordinal);
        Assert.Equal("http://127.0.0.1:8484/v1/chat/completions", Shell.Words(lines.Curl)[2]);
        using JsonDocument body = JsonDocument.Parse(Shell.Words(lines.Curl)[^1]);
        Assert.Equal("it's $(a) `model`", body.RootElement.GetProperty("model").GetString());
    }

    private static LocalMeshPlan Plan(string gateway) => new()
    {
        Nodes = 1,
        Model = "darkbloom-tiny",
        Models = "models",
        Port = 0,
        Slots = 1,
        Threads = 1,
        JoinSecret = "canary-join",
        ApiKey = "canary-key",
        Command = (role, _, _) => ShellRole.Command(role switch
        {
            Role.Rendezvous => ShellRole.Serving(role, "127.0.0.1:7400", ",\"join\":\"key@127.0.0.1:7400\""),
            Role.Node => ShellRole.Serving(role, "127.0.0.1:7401", ",\"model\":\"darkbloom-tiny\""),
            _ => ShellRole.Serving(role, gateway),
        }),
    };
}
