using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Cli.Roles;

/// <summary>Cancels once the process is asked to stop; asked a second time, it dies the default way.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;

    private StopSignals(bool ignoreInterrupts)
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, ignoreInterrupts ? Ignore : Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, ignoreInterrupts ? Ignore : Stop),
        ];
    }

    public CancellationToken Token => _stop.Token;

    /// <summary>Listens to the terminal and to service managers.</summary>
    public static StopSignals Listen() => new(ignoreInterrupts: false);

    /// <summary>Listens to a supervisor that holds the other end of the standard input.</summary>
    /// <remarks>
    /// The input ends when the supervisor closes it or dies, even by SIGKILL: so it leaves no orphan, on every system.
    /// An interrupt typed at the terminal reaches the whole process group; the supervisor alone decides what it means.
    /// </remarks>
    public static StopSignals ListenToSupervisor(TextReader input)
    {
        StopSignals signals = new(ignoreInterrupts: true);
        Thread watch = new(() => signals.StopAtEndOf(input)) { IsBackground = true, Name = "supervisor" };
        watch.Start();
        return signals;
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void StopAtEndOf(TextReader input)
    {
        try
        {
            while (input.Read() >= 0)
            {
                // What a supervisor writes has no meaning; only the end has.
            }
        }
        catch (IOException)
        {
            // A broken pipe is an end as well.
        }

        _stop.Cancel();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = !_stop.IsCancellationRequested;
        _ = Task.Run(_stop.Cancel, CancellationToken.None);
    }

    private static void Ignore(PosixSignalContext context) => context.Cancel = true;
}
