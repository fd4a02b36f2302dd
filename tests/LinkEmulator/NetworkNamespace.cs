using System;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Darkbloom.LinkEmulator;

/// <summary>A network stack of its own, without a name: it lives as long as this handle, a socket or a process in it.</summary>
/// <remarks>
/// A socket belongs to the namespace of the thread that made it, and a process to that of the thread that started it.
/// Both stay there when the thread is gone. Nothing is left behind on the machine, however the process ends.
/// </remarks>
public sealed class NetworkNamespace : IDisposable
{
    private readonly SafeFileHandle _handle;

    /// <exception cref="InvalidOperationException">The system refused; <see cref="Unavailable"/> says why beforehand.</exception>
    public NetworkNamespace()
    {
        _handle = OnOwnThread(() =>
        {
            _ = Libc.Check(Libc.unshare(Libc.CLONE_NEWNET), "unshare");
            return Libc.Check(Libc.open("/proc/thread-self/ns/net", Libc.O_CLOEXEC), "open of the namespace");
        });
        Invoke(() => InterfaceSettings.Up("lo"));
    }

    /// <summary>Why namespaces can't be made here; null where they can.</summary>
    public static string? Unavailable { get; } = WhyNot();

    /// <summary>Runs on a thread inside the namespace: what it opens or starts belongs there.</summary>
    public T Invoke<T>(Func<T> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return OnOwnThread(() =>
        {
            _ = Libc.Check(Libc.setns(_handle, Libc.CLONE_NEWNET), "setns");
            return action();
        });
    }

    public void Invoke(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        _ = Invoke(() =>
        {
            action();
            return true;
        });
    }

    /// <summary>Starts a process whose whole network this is.</summary>
    public Process Start(ProcessStartInfo start) => Invoke(() => Process.Start(start) ?? throw new InvalidOperationException("No process was started."));

    public void Dispose() => _handle.Dispose();

    /// <summary>The thread ends with the call: one that has changed its namespace must never go back to a pool.</summary>
    private static T OnOwnThread<T>(Func<T> action)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                result = action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }

    private static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "Network namespaces exist on Linux alone.";
        }
        if (Libc.geteuid() != 0)
        {
            return "Network namespaces need root.";
        }
        try
        {
            using NetworkNamespace probe = new();
            return null;
        }
        catch (InvalidOperationException e)
        {
            return $"This system makes no network namespaces: {e.Message}";
        }
    }
}
