using System;
using System.IO;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Cli.Supervision;

/// <summary>One JSON object a line: for programs.</summary>
internal sealed class JsonUpView(TextWriter writer) : IUpView
{
    private readonly Lock _gate = new();

    public async Task ShowStartAsync(MeshBoard board, Func<Task> start)
    {
        board.Changed += Write;
        await start();
    }

    public void ShowReady(MeshBoard board, UpSummary summary) => WriteLine(new JsonObject
    {
        ["event"] = "up",
        ["url"] = summary.Clients.Gateway + "/v1",
        ["api_key"] = summary.Clients.ApiKey,
        ["model"] = summary.Clients.Model,
        ["config"] = summary.ConfigurationPath,
        ["elapsed_ms"] = (long)summary.Elapsed.TotalMilliseconds,
    });

    public Task ShowRunningAsync(MeshBoard board, Task until) => until;

    public void ShowStopping() => WriteLine(new JsonObject { ["event"] = "stopping" });

    private void Write(MeshRow row)
    {
        if (row.Pid != 0)
        {
            WriteLine(new JsonObject
            {
                ["event"] = MeshTable.Word(row.State),
                ["name"] = row.Name,
                ["pid"] = row.Pid,
                ["address"] = row.Address,
                ["model"] = row.Model,
                ["detail"] = row.Detail,
            });
        }
    }

    private void WriteLine(JsonObject line)
    {
        lock (_gate)
        {
            writer.WriteLine(line.ToJsonString());
            writer.Flush();
        }
    }
}
