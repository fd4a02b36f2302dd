using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Settings;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Cli.Roles;

/// <summary>One role's run, as the code that starts its host sees it.</summary>
internal sealed class RoleSession(RoleStart start, ILoggerFactory loggers, TimeSpan stopMax, Terminal terminal)
{
    public SettingValues Settings { get; } = start.Settings;

    public ILoggerFactory Loggers { get; } = loggers;

    /// <summary>How long open requests may go on after a stop: a little less than the process itself may.</summary>
    public TimeSpan DrainMax { get; } = stopMax - TimeSpan.FromSeconds(1);

    /// <summary>Whether <see cref="RoleState.Ready"/> was reported.</summary>
    public bool WasReady { get; private set; }

    /// <summary>Tells the supervisor by a line of JSON, and a person without one by a sentence.</summary>
    public void Report(RoleEvent change)
    {
        WasReady |= change.Event == RoleState.Ready;
        if (!start.Events)
        {
            terminal.Error.WriteLine(Sentence(change));
            return;
        }

        try
        {
            terminal.Out.WriteLine(change.ToLine());
            terminal.Out.Flush();
        }
        catch (IOException)
        {
            // The supervisor is gone: its end of the standard input tells the same, and stops this process.
        }
    }

    public RoleEvent Event(RoleState state) => new() { Event = state, Role = start.Role, Pid = Environment.ProcessId };

    /// <summary>Reports <see cref="RoleState.Joining"/> until <paramref name="ready"/> completes, and then waits to be stopped.</summary>
    public async Task ServeAsync(RoleEvent listening, Task ready, CancellationToken stop)
    {
        if (!ready.IsCompleted)
        {
            Report(listening with { Event = RoleState.Joining });
            await ready.WaitAsync(stop);
        }

        await ready;
        Report(listening with { Event = RoleState.Ready });
        await Task.Delay(Timeout.Infinite, stop);
    }

    private static string Sentence(RoleEvent change)
    {
        string name = change.Role switch { Role.Rendezvous => "rendezvous", Role.Node => "node", _ => "gateway" };
        return change.Event switch
        {
            RoleState.Starting => $"darkbloom: the {name} starts (pid {change.Pid})",
            RoleState.Loading => $"darkbloom: loading {change.Model}",
            RoleState.Joining => $"darkbloom: listening on {change.Address}, joining the mesh",
            RoleState.Ready when change.Join is not null =>
                $"darkbloom: ready on {change.Address}; peers join with --rendezvous {change.Join}",
            RoleState.Ready => $"darkbloom: ready on {change.Address}",
            RoleState.Stopped => $"darkbloom: the {name} stopped",
            _ => $"darkbloom: the {name} failed: {change.Detail}",
        };
    }
}
