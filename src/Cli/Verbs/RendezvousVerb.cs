using System.CommandLine;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Protocol.Identity;
using Darkbloom.Rendezvous.Hosting;
using Darkbloom.Rendezvous.Limits;
using Darkbloom.Rendezvous.Tickets;

namespace Darkbloom.Cli.Verbs;

/// <summary><c>darkbloom rendezvous</c>: lets peers join and find each other; sees no prompt.</summary>
internal static class RendezvousVerb
{
    private static readonly Setting<IPEndPoint> Bind = KnownSettings.Bind.WithDefault("127.0.0.1:7400");
    private static readonly Setting<IPEndPoint?> HttpBind = new Setting<IPEndPoint>(
        KnownSettings.HttpBind.Name, "where HTTP answers /healthz and /metrics; nowhere unless set", KnownSettings.HttpBind.Expected,
        SettingParsers.TryEndPoint, fallback: null)
    { Placeholder = KnownSettings.HttpBind.Placeholder }.AsOptional();

    private static readonly Setting<string> State = KnownSettings.State.WithDefault(KnownSettings.StateDirectory("rendezvous"));

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("rendezvous", "Run the rendezvous: it signs tickets and introduces peers, and never sees a prompt.")
        {
            Examples =
            [
                new("darkbloom rendezvous", "one for this machine"),
                new("darkbloom rendezvous --bind 0.0.0.0:7400 --join-secret-file secret", "one for others, who must know the secret"),
                new("darkbloom rendezvous --http-bind 127.0.0.1:9400", "also answers /healthz and /metrics there"),
            ],
        };
        RoleVerb.Complete(
            verb, terminal, Role.Rendezvous, [KnownSettings.Network, Bind, HttpBind, State, KnownSettings.JoinSecret, KnownSettings.Log], ServeAsync);
        verb.Add(CreateRevoke(terminal));
        return verb;
    }

    private static Verb CreateRevoke(Terminal terminal)
    {
        Verb verb = new("revoke", "Take a peer's enrolment back for good; the ticket that it has ends by itself.")
        {
            Examples = [new("darkbloom rendezvous revoke 1f3a90c2", "the id as `darkbloom peers` shows it; more digits if several begin so")],
        };
        Argument<string> peer = new("id") { Description = $"{RegistrarLimits.RevokedDigitsMin} to {2 * PeerId.Size} hexadecimal digits that the peer's id begins with" };
        Option<bool> json = SettingOptions.CreateJsonOption();
        SettingOptions options = new(verb, terminal, json, [KnownSettings.Network, State]);
        verb.Add(peer);
        verb.Add(json);
        verb.SetAction(async (parsed, _) =>
        {
            SettingValues values = options.Read(parsed);
            if (options.Printed(parsed, values))
            {
                return (int)ExitCode.Success;
            }

            string digits = parsed.GetRequiredValue(peer);
            if (digits.Length is < RegistrarLimits.RevokedDigitsMin or > 2 * PeerId.Size || !digits.All(char.IsAsciiHexDigit))
            {
                await terminal.Error.WriteLineAsync(
                    $"'{digits}' is no id: write {RegistrarLimits.RevokedDigitsMin} to {2 * PeerId.Size} hexadecimal digits, as `darkbloom peers` shows them.");
                return (int)ExitCode.Usage;
            }

            using StopSignals signals = StopSignals.Listen();
            RendezvousOptions rendezvous = new() { Network = values.Get(KnownSettings.Network), StateDirectory = values.Get(State) };
            Revocation revocation = await RendezvousHost.RevokeAsync(rendezvous, digits, signals.Token);
            await (revocation == Revocation.Revoked || parsed.GetValue(json) ? terminal.Out : terminal.Error).WriteLineAsync(
                parsed.GetValue(json)
                    ? new JsonObject { ["id"] = digits, ["result"] = revocation.ToString().ToLowerInvariant() }.ToJsonString()
                    : Describe(revocation, digits));
            return (int)(revocation == Revocation.Revoked ? ExitCode.Success : ExitCode.Failure);
        });
        return verb;
    }

    private static string Describe(Revocation revocation, string digits) => revocation switch
    {
        Revocation.Revoked => $"{digits} is revoked: it gets no ticket any more.",
        Revocation.Ambiguous => $"Several peers' ids begin with {digits}: write more digits. Nobody was revoked.",
        _ => $"No enrolled peer's id begins with {digits}.",
    };

    private static async Task ServeAsync(RoleSession session, CancellationToken stop)
    {
        SettingValues settings = session.Settings;
        RendezvousOptions options = new()
        {
            Network = settings.Get(KnownSettings.Network),
            Bind = settings.Get(Bind),
            StateDirectory = settings.Get(State),
            JoinSecret = settings.Get(KnownSettings.JoinSecret),
            HttpBind = settings.Get(HttpBind),
        };
        await using RendezvousHost host = await RendezvousHost.StartAsync(options, session.Loggers, stop);
        string address = host.LocalEndPoint.ToString();
        RoleEvent listening = session.Event(RoleState.Ready) with
        {
            Address = address,
            Join = string.Create(CultureInfo.InvariantCulture, $"{host.PublicKey}@{address}"),
        };
        await session.ServeAsync(listening, Task.CompletedTask, stop);
    }
}
