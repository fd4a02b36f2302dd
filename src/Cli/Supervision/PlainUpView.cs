using System;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using Spectre.Console;

namespace Darkbloom.Cli.Supervision;

/// <summary>A line for each change: for pipes, logs and continuous integration.</summary>
internal sealed class PlainUpView(TextWriter writer, IAnsiConsole console) : IUpView
{
    public async Task ShowStartAsync(MeshBoard board, Func<Task> start)
    {
        board.Changed += Write;
        await start();
    }

    public void ShowReady(MeshBoard board, UpSummary summary)
    {
        board.Changed -= Write;
        UpBanner.Write(writer, summary);
        console.Write(MeshTable.Create(board.Rows));
        writer.Flush();
        board.Changed += Write;
    }

    public Task ShowRunningAsync(MeshBoard board, Task until) => until;

    public void ShowStopping() => writer.WriteLine("Stopping…");

    private void Write(MeshRow row)
    {
        if (row.Pid != 0)
        {
            string what = row.Detail.Length == 0 ? row.Address : row.Detail;
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Name} (pid {row.Pid}): {MeshTable.Word(row.State)} {what}").TrimEnd());
            writer.Flush();
        }
    }
}
