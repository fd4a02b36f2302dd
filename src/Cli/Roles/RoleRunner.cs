using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Settings;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Darkbloom.Cli.Roles;

/// <summary>How a role's process is started.</summary>
/// <param name="Events">Whether states go to standard output as lines of JSON.</param>
/// <param name="StopWithInput">Whether the end of the standard input stops it: a supervisor holds the other end.</param>
internal sealed record RoleStart(Role Role, SettingValues Settings, bool Events, bool StopWithInput);

/// <summary>Runs one role in this process until it is asked to stop.</summary>
internal static class RoleRunner
{
    /// <summary>What a host may take to say goodbye before the process ends anyway: open requests get some time.</summary>
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(11);

    /// <summary>The same under a supervisor, which waits for less than a person's patience with Ctrl-C.</summary>
    private static readonly TimeSpan SupervisedStopMax = TimeSpan.FromSeconds(4);

    /// <summary>
    /// 1. Listen for a stop. 2. Report the start. 3. Serve until stopped; the host is disposed on the way out.
    /// 4. Report how it ended. A host that hangs in step 3 after a stop is cut off: no supervisor waits for ever.
    /// </summary>
    public static async Task<int> RunAsync(RoleStart start, Terminal terminal, Func<RoleSession, CancellationToken, Task> serve)
    {
        // Step 1: listen for a stop.
        using StopSignals signals = start.StopWithInput ? StopSignals.ListenToSupervisor(terminal.In) : StopSignals.Listen();
        TimeSpan stopMax = start.StopWithInput ? SupervisedStopMax : StopMax;
        using CancellationTokenRegistration cutOff = signals.Token.Register(() => CutOffAfter(stopMax));

        // Step 2: report the start.
        using ILoggerFactory loggers = CreateLoggers(start.Settings.Get(KnownSettings.Log), terminal);
        RoleSession session = new(start, loggers, stopMax, terminal);
        session.Report(session.Event(RoleState.Starting));

        // Steps 3 and 4: serve, and report how it ended.
        try
        {
            await serve(session, signals.Token);
            session.Report(session.Event(RoleState.Stopped));
            return (int)ExitCode.Success;
        }
#pragma warning disable CA1031 // Whatever ends a role is reported to its supervisor as the reason.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            if (signals.Token.IsCancellationRequested)
            {
                session.Report(session.Event(RoleState.Stopped));
                return (int)(session.WasReady ? ExitCode.Success : ExitCode.Interrupted);
            }

            session.Report(session.Event(RoleState.Failed) with { Detail = Explanation.Of(exception) });
            return (int)ExitCode.Failure;
        }
    }

    private static void CutOffAfter(TimeSpan patience)
    {
        Thread cutOff = new(() =>
        {
            Thread.Sleep(patience);
            Process.GetCurrentProcess().Kill();
        })
        { IsBackground = true, Name = "cut-off" };
        cutOff.Start();
    }

    private static ILoggerFactory CreateLoggers(LogLevel least, Terminal terminal) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(least);
        builder.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.TimestampFormat = "HH:mm:ss.fff ";
            options.ColorBehavior = terminal.IsErrorInteractive && terminal.WantsColour
                ? LoggerColorBehavior.Enabled
                : LoggerColorBehavior.Disabled;
        });
        // Standard output belongs to events and answers.
        builder.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
    });
}
