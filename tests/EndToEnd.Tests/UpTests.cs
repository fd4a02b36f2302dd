using System;
using System.Collections.Immutable;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

public sealed class UpTests
{
    [Fact]
    public async Task Ask_streams_one_answer_to_standard_output_and_ends_with_0()
    {
        Finished up = await Launcher.RunAsync("up", "--port", "0", "--ask", "What is the capital of Japan?");
        Assert.Equal((0, "The capital of Japan is Tokyo."), (up.ExitCode, up.Output.Trim()));
    }

    [Fact]
    public async Task Ctrl_C_stops_every_process()
    {
        await using MeshProcess mesh = await MeshProcess.StartAsync();
        ImmutableArray<MeshMember> members = mesh.Members;
        Assert.Equal(6, members.Length);
        Assert.All(members, member => Assert.True(Signals.IsAlive(member.Pid), member.Name));
        Assert.Equal(0, await mesh.InterruptAsync());
        Assert.All(members, member => Assert.False(Signals.IsAlive(member.Pid), member.Name));
    }

    [Fact]
    public async Task Children_do_not_outlive_a_killed_parent()
    {
        await using MeshProcess mesh = await MeshProcess.StartAsync("--nodes", "1");
        ImmutableArray<MeshMember> members = mesh.Members;
        Signals.Send(mesh.Pid, Signals.Kill);
        Assert.True(System.Threading.SpinWait.SpinUntil(() => !members.Any(member => Signals.IsAlive(member.Pid)), MeshProcess.PatienceMax));
    }

    [Fact]
    public async Task A_port_in_use_is_named_with_the_flag_that_changes_it()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        string port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Finished up = await Launcher.RunAsync("up", "--port", port);
        Assert.NotEqual(0, up.ExitCode);
        Assert.Contains(port, up.Error, StringComparison.Ordinal);
        Assert.Contains("--port", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_is_no_model_is_named()
    {
        Finished up = await Launcher.RunAsync("up", "--port", "0", "--nodes", "1", "--model", "no-such-model");
        Assert.NotEqual(0, up.ExitCode);
        Assert.Contains("no-such-model", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_verbs_reach_the_mesh_by_its_configuration_file()
    {
        await using MeshProcess mesh = await MeshProcess.StartAsync("--nodes", "2");
        Finished chat = await Launcher.RunAsync("chat", "--config", mesh.ConfigurationPath, "--temperature", "0", "What is the capital of Japan?");
        Assert.Equal((0, "The capital of Japan is Tokyo."), (chat.ExitCode, chat.Output.Trim()));
        Finished peers = await Launcher.RunAsync("peers", "--config", mesh.ConfigurationPath, "--json");
        Assert.Equal(0, peers.ExitCode);
        Assert.Equal(2, mesh.Nodes.Count(node => peers.Output.Contains(node.Address, StringComparison.Ordinal)));
    }
}
