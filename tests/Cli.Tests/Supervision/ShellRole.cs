using System.Collections.Immutable;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Supervision;

namespace Darkbloom.Cli.Tests.Supervision;

/// <summary>Small real processes that behave as roles do: they report by lines and end with their input.</summary>
internal static class ShellRole
{
    /// <summary>Reports that it is ready, waits for the end of its input, reports that it stopped.</summary>
    public static string Serving(Role role, string address, string extra = "") =>
        Report(role, "ready", $"\"address\":\"{address}\"{extra}") + "; cat >/dev/null; " + Report(role, "stopped");

    public static string Failing(Role role, string detail) => Report(role, "failed", $"\"detail\":\"{detail}\"") + "; exit 1";

    public static string Report(Role role, string state, string extra = "") =>
        $"echo '{{\"event\":\"{state}\",\"role\":\"{role.ToString().ToLowerInvariant()}\",\"pid\":0{(extra.Length == 0 ? "" : "," + extra)}}}'";

    public static ChildCommand Command(string script) => new("/bin/sh", ["-c", script], ImmutableArray<(string, string)>.Empty);
}
