using System;
using System.Collections.Immutable;
using System.Reflection;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Verbs;

namespace Darkbloom.Cli.Supervision;

/// <summary>A program to start. Secrets travel in its environment: every user of a machine can read command lines.</summary>
internal sealed record ChildCommand(string File, ImmutableArray<string> Arguments, ImmutableArray<(string Name, string Value)> Environment)
{
    /// <summary>This very program as a role that reports its states and ends with its input.</summary>
    public static ChildCommand ForRole(Role role, ImmutableArray<string> arguments, ImmutableArray<(string Name, string Value)> environment)
    {
        string verb = role switch { Role.Rendezvous => "rendezvous", Role.Node => "node", _ => "gateway" };
        ImmutableArray<string> roleArguments = [verb, RoleVerb.EventsFlag, RoleVerb.StopWithInputFlag, .. arguments];
        string self = System.Environment.ProcessPath ?? throw new InvalidOperationException("This process has no path to start itself by.");
        bool isHost = System.IO.Path.GetFileNameWithoutExtension(self).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        return new ChildCommand(
            self,
            isHost ? [Assembly.GetEntryAssembly()!.Location, .. roleArguments] : roleArguments,
            environment);
    }
}
