using System;
using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using System.Text.Json.Nodes;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Membership;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Cli.Verbs;

/// <summary><c>darkbloom peers</c>: joins for a moment as a gateway would, and shows the directory it is given.</summary>
internal static class PeersVerb
{
    private static readonly TimeSpan JoinMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DirectoryMax = TimeSpan.FromSeconds(3);

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("peers", "List the peers that the rendezvous knows.")
        {
            Examples =
            [
                new("darkbloom peers --config mesh.json", "`darkbloom up` prints the file of its mesh"),
                new("darkbloom peers --rendezvous <key>@host:7400 --json", "for programs"),
            ],
        };
        Option<bool> json = SettingOptions.CreateJsonOption();
        SettingOptions options = new(
            verb, terminal, json, KnownSettings.Rendezvous, KnownSettings.Network, KnownSettings.Bind, KnownSettings.JoinSecret);
        verb.Add(json);
        verb.SetAction(async (parsed, _) =>
        {
            SettingValues values = options.Read(parsed);
            if (options.Printed(parsed, values))
            {
                return (int)ExitCode.Success;
            }

            using StopSignals signals = StopSignals.Listen();
            MeshInvitation invitation = new(
                values.Get(KnownSettings.Rendezvous), values.Get(KnownSettings.Network), values.Get(KnownSettings.Bind), values.Get(KnownSettings.JoinSecret));
            await using MeshVisit visit = await MeshVisit.JoinAsync(invitation, JoinMax, signals.Token);
            DirectoryEntry[] entries = await visit.DirectoryAsync(DirectoryMax, signals.Token) ?? [];
            Show([.. entries.Select(entry => PeerRow.From(entry.Card))], parsed.GetValue(json), terminal);
            return (int)ExitCode.Success;
        });
        return verb;
    }

    internal static void Show(ImmutableArray<PeerRow> peers, bool json, Terminal terminal)
    {
        if (json)
        {
            terminal.Out.WriteLine(new JsonArray([.. peers.Select(peer => (JsonNode)peer.ToJson())]).ToJsonString());
            return;
        }

        if (peers.IsEmpty)
        {
            terminal.Error.WriteLine("The rendezvous knows no peer at the moment.");
            return;
        }

        Spectre.Console.Table table = Tables.Create("peer", "roles", "models", "slots", "addresses", "hardware");
        foreach (PeerRow peer in peers)
        {
            table.Add(
                peer.Id, peer.Roles, string.Join(", ", peer.Models), peer.Slots.ToString(CultureInfo.InvariantCulture),
                string.Join(", ", peer.Addresses), peer.Hardware);
        }

        terminal.OutConsole().Write(table);
    }
}
