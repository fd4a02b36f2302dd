using System;
using System.Collections.Immutable;
using System.CommandLine;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;

namespace Darkbloom.Cli.Verbs;

/// <summary>What the three verbs that run one role have in common.</summary>
internal static class RoleVerb
{
    /// <summary>Said by a supervisor that holds the other end of the standard input.</summary>
    public const string StopWithInputFlag = "--stop-with-input";

    public const string EventsFlag = "--events";

    public static void Complete(
        Verb verb, Terminal terminal, Role role, ImmutableArray<Setting> settings, Func<RoleSession, CancellationToken, Task> serve)
    {
        Option<bool> json = SettingOptions.CreateJsonOption();
        json.Description = "with --print-config: write JSON";
        Option<bool> events = new(EventsFlag) { Description = "write each change of state to standard output as a line of JSON" };
        Option<bool> stopWithInput = new(StopWithInputFlag)
        {
            Description = "stop when standard input ends: a supervisor that dies leaves no orphan",
        };
        SettingOptions options = new(verb, terminal, json, settings);
        verb.Add(json);
        verb.Add(events);
        verb.Add(stopWithInput);
        verb.SetAction(async (parsed, _) =>
        {
            SettingValues values = options.Read(parsed);
            return options.Printed(parsed, values)
                ? (int)ExitCode.Success
                : await RoleRunner.RunAsync(
                    new RoleStart(role, values, parsed.GetValue(events), parsed.GetValue(stopWithInput)), terminal, serve);
        });
    }
}
