using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Roles;

namespace Darkbloom.Cli.Supervision;

/// <summary>A whole mesh on this machine, each role a process of its own, all of them children of this one.</summary>
internal sealed class LocalMesh(LocalMeshPlan plan, StateDirectory state, MeshBoard board) : IAsyncDisposable
{
    /// <summary>How long a start may take: reading a large model from a slow disk is the longest part.</summary>
    private static readonly TimeSpan StartMax = TimeSpan.FromMinutes(5);

    /// <summary>How long the children together may take to stop; what is left then is killed.</summary>
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(5);

    private const string RendezvousName = "rendezvous";
    private const string GatewayName = "gateway";
    private const string SpeechName = "speech";

    private readonly List<(string Name, ChildProcess Process)> _children = [];

    /// <summary>Where OpenAI clients connect, without the path; set once the gateway is ready.</summary>
    public string GatewayAddress { get; private set; } = "";

    /// <summary>The file with which other verbs reach this mesh; set once the gateway is ready.</summary>
    public string ConfigurationPath { get; private set; } = "";

    /// <summary>The model that answers questions, as clients name it; known once a node of it is ready.</summary>
    public string Model => board.Rows.First(row => row is { Role: Role.Node, State: RoleState.Ready } && row.Name != SpeechName).Model;

    /// <summary>Receives the log lines of the children.</summary>
    public Action<string, string>? OnLog { get; init; }

    /// <summary>
    /// 1. The rendezvous, since all others need its key and address. 2. Nodes and gateway at once.
    /// 3. Wait until each is ready or has failed; a gateway and one node are enough.
    /// </summary>
    /// <exception cref="InvalidOperationException">A process that is needed failed; the message says why.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartMax);
        try
        {
            // Step 1: the rendezvous.
            string join = await StartRendezvousAsync(limit.Token);

            // Step 2: nodes and gateway.
            for (int number = 1; number <= plan.Nodes; number++)
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"node-{number}");
                Start(name, Role.Node, plan.Model, plan.NodeCommand(state, name, plan.Model, join));
            }

            if (plan.SpeechModel.Length > 0)
            {
                Start(SpeechName, Role.Node, plan.SpeechModel, plan.NodeCommand(state, SpeechName, plan.SpeechModel, join));
            }

            Start(GatewayName, Role.Gateway, "", plan.GatewayCommand(state, join));

            // Step 3: wait for them.
            ImmutableArray<MeshRow> rows = await board.WaitAsync(IsSettled, limit.Token);
            ThrowIfUseless(rows);
            GatewayAddress = rows.Single(row => row.Role == Role.Gateway).Address;
            ConfigurationPath = state.WritePrivate("mesh.json", plan.ConfigurationText(join, GatewayAddress));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            string waiting = string.Join(", ", board.Rows.Where(row => row.IsAlive && row.State != RoleState.Ready).Select(row => $"{row.Name} ({row.State})"));
            throw new InvalidOperationException($"Not everything was ready within {StartMax.TotalMinutes} minutes; still waiting for {waiting}.");
        }
    }

    /// <summary>Completes when the gateway has ended: without nodes it still answers, that none can be reached.</summary>
    public async Task<string> BrokenAsync(CancellationToken cancellationToken)
    {
        ImmutableArray<MeshRow> rows = await board.WaitAsync(rows => GatewayFailure(rows) is not null, cancellationToken);
        return GatewayFailure(rows)!;
    }

    /// <summary>Stops gateway and nodes first, so that they can still say goodbye, and then the rendezvous; bounded.</summary>
    public async Task StopAsync()
    {
        using CancellationTokenSource patience = new(StopMax);
        await Task.WhenAll(_children.Where(child => child.Name != RendezvousName).Select(child => child.Process.StopAsync(patience.Token)));
        await Task.WhenAll(_children.Select(child => child.Process.StopAsync(patience.Token)));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach ((_, ChildProcess process) in _children)
        {
            await process.DisposeAsync();
        }
    }

    private async Task<string> StartRendezvousAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<string> join = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Start(RendezvousName, Role.Rendezvous, "", plan.RendezvousCommand(state), change =>
        {
            if (change is { Event: RoleState.Ready, Join: { } address })
            {
                join.TrySetResult(address);
            }
        });
        using CancellationTokenSource waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<ImmutableArray<MeshRow>> ended = board.WaitAsync(rows => rows.Any(row => row.Role == Role.Rendezvous && !row.IsAlive), waiting.Token);
        Task first = await Task.WhenAny(join.Task, ended);
        cancellationToken.ThrowIfCancellationRequested();
        await waiting.CancelAsync();
        return first == join.Task
            ? await join.Task
            : throw new InvalidOperationException($"The rendezvous failed: {board.Rows.Single(row => row.Role == Role.Rendezvous).Detail}");
    }

    private void Start(string name, Role role, string model, ChildCommand command, Action<RoleEvent>? onEvent = null)
    {
        MeshRow row = new(name, role, 0, RoleState.Starting, "", model, "");
        board.Set(row);
        Lock gate = new();
        void Update(Func<MeshRow, MeshRow> change)
        {
            lock (gate)
            {
                MeshRow next = change(row);
                if (next != row)
                {
                    row = next;
                    board.Set(row);
                }
            }
        }

        ChildProcess child = ChildProcess.Start(
            command,
            line =>
            {
                if (RoleEvent.TryParse(line, out RoleEvent? change))
                {
                    Update(current => Apply(current, change!));
                    onEvent?.Invoke(change!);
                }
            },
            line => OnLog?.Invoke(name, line));
        _children.Add((name, child));
        Update(current => current with { Pid = child.Id });
        _ = NoteEndAsync(child, Update);
    }

    private static MeshRow Apply(MeshRow row, RoleEvent change) => row with
    {
        State = change.Event,
        Address = change.Address ?? row.Address,
        Model = change.Model ?? row.Model,
        Detail = change.Detail ?? row.Detail,
    };

    /// <summary>A child that ends without a word has failed; its last words are on its error stream.</summary>
    private static async Task NoteEndAsync(ChildProcess child, Action<Func<MeshRow, MeshRow>> update)
    {
        int code = await child.Exited;
        update(row => !row.IsAlive ? row : row with
        {
            State = RoleState.Failed,
            Detail = string.Create(CultureInfo.InvariantCulture, $"ended with code {code}. ") + string.Join(' ', child.LastErrorLines.TakeLast(3)),
        });
    }

    private bool IsSettled(ImmutableArray<MeshRow> rows) =>
        Useless(rows) is not null
        || rows.Where(row => row.Role != Role.Rendezvous).All(row => row.State == RoleState.Ready || (row.Role == Role.Node && !row.IsAlive));

    private void ThrowIfUseless(ImmutableArray<MeshRow> rows)
    {
        if (Useless(rows) is { } reason)
        {
            throw new InvalidOperationException(reason);
        }
    }

    private static string? GatewayFailure(ImmutableArray<MeshRow> rows) =>
        rows.FirstOrDefault(row => row.Role == Role.Gateway) is { IsAlive: false } gateway
            ? $"The gateway failed: {gateway.Detail}"
            : null;

    /// <summary>Why a mesh that is starting can never answer.</summary>
    private string? Useless(ImmutableArray<MeshRow> rows)
    {
        if (GatewayFailure(rows) is { } failure)
        {
            return failure;
        }

        ImmutableArray<MeshRow> nodes = [.. rows.Where(row => row.Role == Role.Node && row.Name != SpeechName)];
        return nodes.Length == plan.Nodes && nodes.All(node => !node.IsAlive)
            ? $"No node is left to answer: {nodes[0].Detail}"
            : null;
    }
}
