using System.Globalization;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Rendezvous.Hosting;

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
        return verb;
    }

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
