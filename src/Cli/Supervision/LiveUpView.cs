using System;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Roles;
using Spectre.Console;

namespace Darkbloom.Cli.Supervision;

/// <summary>A spinner with the stage, then a table that follows the processes: for a person at a terminal.</summary>
internal sealed class LiveUpView(TextWriter writer, IAnsiConsole console) : IUpView
{
    public Task ShowStartAsync(MeshBoard board, Func<Task> start) =>
        console.Status().StartAsync("Starting the rendezvous…", async context =>
        {
            void Follow(MeshRow row) => context.Status = Markup.Escape(Stage(board.Rows));
            board.Changed += Follow;
            try
            {
                await start();
            }
            finally
            {
                board.Changed -= Follow;
            }
        });

    public void ShowReady(MeshBoard board, UpSummary summary) => UpBanner.Write(writer, summary);

    public Task ShowRunningAsync(MeshBoard board, Task until) =>
        console.Live(MeshTable.Create(board.Rows)).StartAsync(async context =>
        {
            using CancellationTokenSource end = new();
            while (!until.IsCompleted)
            {
                ImmutableArray<MeshRow> shown = board.Rows;
                context.UpdateTarget(MeshTable.Create(shown));
                context.Refresh();
                await Task.WhenAny(until, board.WaitAsync(rows => rows != shown, end.Token));
            }

            await end.CancelAsync();
            context.UpdateTarget(MeshTable.Create(board.Rows));
        });

    public void ShowStopping() => writer.WriteLine("Stopping…");

    private static string Stage(ImmutableArray<MeshRow> rows)
    {
        ImmutableArray<MeshRow> nodes = [.. rows.Where(row => row.Role == Role.Node)];
        if (nodes.IsEmpty)
        {
            return "Starting the rendezvous…";
        }

        MeshRow? gateway = rows.FirstOrDefault(row => row.Role == Role.Gateway);
        int ready = nodes.Count(node => node.State == RoleState.Ready);
        return $"{ready} of {nodes.Length} nodes ready, gateway {(gateway is null ? "not started" : MeshTable.Word(gateway.State))}…";
    }
}
