using System.Collections.Immutable;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Diagnostics;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Mesh.Hosting;
using Spectre.Console;

namespace Darkbloom.Cli.Verbs;

/// <summary><c>darkbloom doctor</c>: tries everything that a role needs and says what to do about what fails.</summary>
internal static class DoctorVerb
{
    private static readonly Setting<RendezvousAddress?> Rendezvous = KnownSettings.Rendezvous.AsOptional();

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("doctor", "Check this machine: engine, model, UDP, memory, disk, key files, rendezvous.")
        {
            Examples =
            [
                new("darkbloom doctor", "a table; the exit code is 1 if anything fails"),
                new("darkbloom doctor --config mesh.json", "also try the rendezvous"),
                new("darkbloom doctor --json", "for programs"),
            ],
        };
        Option<bool> json = SettingOptions.CreateJsonOption();
        Setting<string> state = KnownSettings.State.WithDefault(Path.GetDirectoryName(KnownSettings.StateDirectory("any"))!);
        SettingOptions options = new(
            verb, terminal, json, state, KnownSettings.Model, KnownSettings.Models, Rendezvous, KnownSettings.Network, KnownSettings.JoinSecret);
        verb.Add(json);
        verb.SetAction(async (parsed, _) =>
        {
            SettingValues values = options.Read(parsed);
            if (options.Printed(parsed, values))
            {
                return (int)ExitCode.Success;
            }

            using StopSignals signals = StopSignals.Listen();
            ImmutableArray<(Check Check, Finding Finding)> findings = await RunAsync(
                [.. new MachineChecks(values.Get(state)).All, .. new EngineChecks(values).All, .. new RendezvousChecks(values, Rendezvous).All],
                terminal,
                signals.Token);
            Show(findings, parsed.GetValue(json), terminal);
            return (int)(findings.Any(item => item.Finding.Verdict == Verdict.Bad) ? ExitCode.Failure : ExitCode.Success);
        });
        return verb;
    }

    internal static void Show(ImmutableArray<(Check Check, Finding Finding)> findings, bool json, Terminal terminal)
    {
        if (json)
        {
            terminal.Out.WriteLine(new JsonArray([.. findings.Select(item => (JsonNode)new JsonObject
            {
                ["check"] = item.Check.Name,
                ["verdict"] = Word(item.Finding.Verdict),
                ["detail"] = item.Finding.Detail,
                ["remedy"] = item.Finding.Remedy,
            })]).ToJsonString());
            return;
        }

        Table table = Tables.Create("check", "", "found");
        foreach ((Check check, Finding finding) in findings)
        {
            table.AddRow(new Text(check.Name), new Text(Word(finding.Verdict), Colour(finding.Verdict)), new Text(finding.Detail));
            if (finding.Remedy.Length > 0)
            {
                table.AddRow(new Text(""), new Text(""), new Text("→ " + finding.Remedy));
            }
        }

        terminal.OutConsole().Write(table);
    }

    private static async Task<ImmutableArray<(Check Check, Finding Finding)>> RunAsync(
        ImmutableArray<Check> checks, Terminal terminal, CancellationToken cancellationToken)
    {
        ImmutableArray<(Check, Finding)>.Builder findings = ImmutableArray.CreateBuilder<(Check, Finding)>(checks.Length);
        foreach (Check check in checks)
        {
            if (terminal.IsErrorInteractive)
            {
                await terminal.Error.WriteAsync($"\rchecking {check.Name}…".PadRight(40));
            }

            findings.Add((check, await check.FindAsync(cancellationToken)));
        }

        if (terminal.IsErrorInteractive)
        {
            await terminal.Error.WriteAsync("\r".PadRight(41) + "\r");
        }

        return findings.ToImmutable();
    }

    private static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Good => "ok",
        Verdict.Skipped => "-",
        Verdict.Doubtful => "warning",
        _ => "FAILED",
    };

    private static Style Colour(Verdict verdict) => verdict switch
    {
        Verdict.Good => new Style(Color.Green),
        Verdict.Skipped => new Style(Color.Grey),
        Verdict.Doubtful => new Style(Color.Yellow),
        _ => new Style(Color.Red),
    };
}
