using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;

namespace Darkbloom.Cli.Supervision;

/// <summary>What a local mesh consists of, and how each of its processes is started.</summary>
internal sealed record LocalMeshPlan
{
    public const int NodesMax = 16;

    private const string Loopback = "127.0.0.1";

    /// <summary>Its own network, so that a peer of another mesh on this machine can't stray into it.</summary>
    public string Network { get; init; } = "local";

    public required int Nodes { get; init; }

    public required string Model { get; init; }

    /// <summary>What one further node hears recordings with; empty: there is none.</summary>
    public string SpeechModel { get; init; } = "";

    /// <summary>Where the models lie that were added to this machine.</summary>
    public required string Models { get; init; }

    /// <summary>The HTTP port of the gateway; 0 lets the system choose.</summary>
    public required int Port { get; init; }

    /// <summary>The UDP port of the rendezvous; 0 lets the system choose.</summary>
    public int RendezvousPort { get; init; }

    public required int Slots { get; init; }

    /// <summary>Requests that may wait for a slot of each node.</summary>
    public int Queue { get; init; } = 16;

    /// <summary>Engine threads of each node: several that take all cores only wait for each other.</summary>
    public required int Threads { get; init; }

    public required string JoinSecret { get; init; }

    public required string ApiKey { get; init; }

    /// <summary>Leaves the secrets out.</summary>
    public override string ToString() => $"local mesh of {Nodes} nodes with {Model}";

    /// <summary>How a role becomes a process; a test starts something smaller.</summary>
    public RoleCommand Command { get; init; } = ChildCommand.ForRole;

    public ChildCommand RendezvousCommand(StateDirectory state) => Command(
        Role.Rendezvous,
        ["--bind", EndPoint(RendezvousPort), "--state", state.For("rendezvous"), "--network", Network, "--log", "warning"],
        [Secret(KnownSettings.JoinSecret, JoinSecret)]);

    public ChildCommand NodeCommand(StateDirectory state, string name, string model, string rendezvous) => Command(
        Role.Node,
        [
            "--rendezvous", rendezvous, "--bind", EndPoint(0), "--state", state.For(name), "--network", Network, "--model", model,
            "--models", Models, "--slots", Text(Slots), "--queue", Text(Queue), "--threads", Text(Threads), "--log", "warning",
        ],
        [Secret(KnownSettings.JoinSecret, JoinSecret)]);

    public ChildCommand GatewayCommand(StateDirectory state, string rendezvous) => Command(
        Role.Gateway,
        [
            "--rendezvous", rendezvous, "--bind", EndPoint(0), "--http-bind", EndPoint(Port), "--state", state.For("gateway"),
            "--network", Network, "--log", "warning",
        ],
        [Secret(KnownSettings.JoinSecret, JoinSecret), Secret(KnownSettings.ApiKey, ApiKey)]);

    /// <summary>A configuration file with which other verbs reach this mesh.</summary>
    public string ConfigurationText(string rendezvous, string gateway) => new JsonObject
    {
        [KnownSettings.Network.Name] = Network,
        [KnownSettings.Rendezvous.Name] = rendezvous,
        [KnownSettings.JoinSecret.Name] = JoinSecret,
        [KnownSettings.Url.Name] = gateway + "/v1",
        [KnownSettings.ApiKey.Name] = ApiKey,
    }.ToJsonString(new() { WriteIndented = true });

    private static (string Name, string Value) Secret(Setting setting, string value) => (setting.Variable, value);

    private static string EndPoint(int port) => $"{Loopback}:{Text(port)}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Turns a role, its arguments and its secret environment into a program to start.</summary>
internal delegate ChildCommand RoleCommand(
    Role role, ImmutableArray<string> arguments, ImmutableArray<(string Name, string Value)> environment);
