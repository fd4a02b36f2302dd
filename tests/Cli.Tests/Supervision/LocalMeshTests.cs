using System;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Supervision;
using Xunit;

namespace Darkbloom.Cli.Tests.Supervision;

public sealed class LocalMeshTests : IDisposable
{
    private const string Join = ",\"join\":\"key@127.0.0.1:7400\"";

    private readonly TemporaryDirectory _directory = new();
    private readonly MeshBoard _board = new();

    [Fact]
    public async Task Everything_becomes_ready_and_then_stops()
    {
        await using LocalMesh mesh = Create(Healthy);
        await mesh.StartAsync(CancellationToken.None);
        Assert.Equal(["rendezvous", "node-1", "node-2", "gateway"], _board.Rows.Select(row => row.Name));
        Assert.All(_board.Rows, row => Assert.Equal(RoleState.Ready, row.State));
        Assert.All(_board.Rows, row => Assert.NotEqual(0, row.Pid));
        Assert.Equal("http://127.0.0.1:8484", mesh.GatewayAddress);

        await mesh.StopAsync();
        Assert.All(_board.Rows, row => Assert.Equal(RoleState.Stopped, row.State));
    }

    [Fact]
    public async Task Other_verbs_reach_the_mesh_by_a_private_file()
    {
        await using LocalMesh mesh = Create(Healthy);
        await mesh.StartAsync(CancellationToken.None);
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync("chat", "--config", mesh.ConfigurationPath, "--print-config"));
        Assert.Contains("http://127.0.0.1:8484/v1", terminal.Output, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(mesh.ConfigurationPath));
        }
    }

    [Fact]
    public async Task A_rendezvous_that_fails_fails_the_start_with_its_reason()
    {
        await using LocalMesh mesh = Create((role, _) =>
            role == Role.Rendezvous ? ShellRole.Failing(role, "The port is taken.") : Healthy(role, 0));
        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(() => mesh.StartAsync(CancellationToken.None));
        Assert.Contains("The port is taken.", exception.Message, StringComparison.Ordinal);
        Assert.Single(_board.Rows);
    }

    [Fact]
    public async Task A_gateway_that_fails_fails_the_start_with_its_reason()
    {
        await using LocalMesh mesh = Create((role, number) =>
            role == Role.Gateway ? ShellRole.Failing(role, "The port is taken.") : Healthy(role, number));
        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(() => mesh.StartAsync(CancellationToken.None));
        Assert.Contains("The gateway failed: The port is taken.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_node_that_fails_is_shown_and_the_mesh_goes_on()
    {
        await using LocalMesh mesh = Create((role, number) => number == 2 ? ShellRole.Failing(role, "No memory.") : Healthy(role, number));
        await mesh.StartAsync(CancellationToken.None);
        MeshRow failed = _board.Rows.Single(row => row.Name == "node-2");
        Assert.Equal(RoleState.Failed, failed.State);
        Assert.Equal("No memory.", failed.Detail);
    }

    [Fact]
    public async Task Without_a_node_that_works_the_start_fails()
    {
        await using LocalMesh mesh = Create((role, number) =>
            role == Role.Node ? ShellRole.Failing(role, "The model is corrupt.") : Healthy(role, number));
        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(() => mesh.StartAsync(CancellationToken.None));
        Assert.Contains("The model is corrupt.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_child_that_dies_without_a_word_has_failed_with_its_last_words()
    {
        await using LocalMesh mesh = Create((role, number) => role == Role.Gateway ? "echo boom >&2; exit 7" : Healthy(role, number));
        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(() => mesh.StartAsync(CancellationToken.None));
        Assert.Contains("ended with code 7", exception.Message, StringComparison.Ordinal);
        Assert.Contains("boom", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_is_killed_breaks_the_mesh()
    {
        await using LocalMesh mesh = Create(Healthy);
        await mesh.StartAsync(CancellationToken.None);
        Task<string> broken = mesh.BrokenAsync(CancellationToken.None);
        Kill("gateway");
        Assert.Contains("The gateway failed", await broken, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mesh_without_nodes_goes_on_until_its_gateway_ends()
    {
        await using LocalMesh mesh = Create(Healthy);
        await mesh.StartAsync(CancellationToken.None);
        Task<string> broken = mesh.BrokenAsync(CancellationToken.None);
        Kill("node-1");
        await _board.WaitAsync(rows => rows.Any(row => row is { Name: "node-1", State: RoleState.Failed }), CancellationToken.None);
        Assert.False(broken.IsCompleted);
        Kill("node-2");
        await _board.WaitAsync(rows => rows.Any(row => row is { Name: "node-2", State: RoleState.Failed }), CancellationToken.None);
        Assert.False(broken.IsCompleted);
        Kill("gateway");
        Assert.Contains("The gateway failed", await broken, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_is_cancelled_leaves_no_child()
    {
        using CancellationTokenSource cancel = new();
        LocalMesh mesh = Create((role, number) => role == Role.Node ? ShellRole.Report(role, "loading") + "; cat >/dev/null" : Healthy(role, number));
        Task start = mesh.StartAsync(cancel.Token);
        await _board.WaitAsync(rows => rows.Count(row => row.State == RoleState.Loading) == 2, CancellationToken.None);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        await mesh.DisposeAsync();
        Assert.All(_board.Rows, row => Assert.False(row.IsAlive));
    }

    [Fact]
    public async Task A_node_that_hears_recordings_comes_on_top_and_names_no_model_to_ask()
    {
        ConcurrentQueue<string> models = new();
        await using LocalMesh mesh = Create(
            Healthy, plan => plan with
            {
                SpeechModel = "ears",
                Command = (role, arguments, environment) =>
                {
                    models.Enqueue(role == Role.Node ? arguments[arguments.IndexOf("--model") + 1] : "");
                    return plan.Command(role, arguments, environment);
                },
            });
        await mesh.StartAsync(CancellationToken.None);
        Assert.Equal(["node-1", "node-2", "speech"], _board.Rows.Where(row => row.Role == Role.Node).Select(row => row.Name).Order());
        Assert.Equal(["darkbloom-tiny", "darkbloom-tiny", "ears"], models.Where(model => model.Length > 0));
        Assert.Equal("darkbloom-tiny", mesh.Model);
    }

    [Fact]
    public async Task A_node_that_hears_recordings_is_no_use_for_questions()
    {
        await using LocalMesh mesh = Create(
            (role, number) => role == Role.Node && number <= 2 ? "echo broken >&2; exit 1" : Healthy(role, number),
            static plan => plan with { SpeechModel = "ears" });
        InvalidOperationException failure = await Assert.ThrowsAsync<InvalidOperationException>(() => mesh.StartAsync(CancellationToken.None));
        Assert.Contains("No node is left", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_are_no_arguments()
    {
        using StateDirectory state = StateDirectory.CreateTemporary(_directory.FullPath);
        LocalMeshPlan plan = Plan((_, _) => "") with { Command = (_, arguments, environment) => new ChildCommand("x", arguments, environment) };
        ImmutableArray<ChildCommand> commands =
            [plan.RendezvousCommand(state), plan.NodeCommand(state, "node-1", "m", "key@host:1"), plan.GatewayCommand(state, "key@host:1")];
        Assert.All(commands, command => Assert.DoesNotContain(command.Arguments, argument => argument.Contains("canary", StringComparison.Ordinal)));
        Assert.All(commands, command => Assert.Contains(("DARKBLOOM_JOIN_SECRET", "canary-join"), command.Environment));
        Assert.Contains(("DARKBLOOM_API_KEY", "canary-key"), commands[2].Environment);
    }

    [Fact]
    public void The_arguments_of_each_role_are_flags_of_its_verb()
    {
        using StateDirectory state = StateDirectory.CreateTemporary(_directory.FullPath);
        LocalMeshPlan plan = Plan((_, _) => "") with { Command = ChildCommand.ForRole };
        System.CommandLine.Command root = Cli.Verbs.DarkbloomCommand.Create(new TestTerminal().Create());
        foreach (ChildCommand command in (ChildCommand[])[plan.RendezvousCommand(state), plan.NodeCommand(state, "node-1", "m", "k@h:1"), plan.GatewayCommand(state, "k@h:1")])
        {
            int verb = command.Arguments.IndexOf(command.Arguments.First(argument => argument is "rendezvous" or "node" or "gateway"));
            Assert.Empty(root.Parse([.. command.Arguments.Skip(verb)]).Errors);
        }
    }

    public void Dispose() => _directory.Dispose();

    private void Kill(string name)
    {
        using Process process = Process.GetProcessById(_board.Rows.Single(row => row.Name == name).Pid);
        process.Kill();
    }

    private static string Healthy(Role role, int number) => role switch
    {
        Role.Rendezvous => ShellRole.Serving(role, "127.0.0.1:7400", Join),
        Role.Node => ShellRole.Serving(role, $"127.0.0.1:{7400 + number}", ",\"model\":\"darkbloom-tiny\""),
        _ => ShellRole.Serving(role, "http://127.0.0.1:8484"),
    };

    private LocalMesh Create(Func<Role, int, string> script, Func<LocalMeshPlan, LocalMeshPlan>? change = null) =>
        new(change?.Invoke(Plan(script)) ?? Plan(script), StateDirectory.CreateTemporary(_directory.FullPath), _board);

    private static LocalMeshPlan Plan(Func<Role, int, string> script)
    {
        int nodes = 0;
        return new LocalMeshPlan
        {
            Nodes = 2,
            Model = "darkbloom-tiny",
            Models = "models",
            Port = 0,
            Slots = 1,
            Threads = 1,
            JoinSecret = "canary-join",
            ApiKey = "canary-key",
            Command = (role, _, _) => ShellRole.Command(script(role, role == Role.Node ? ++nodes : 0)),
        };
    }
}
