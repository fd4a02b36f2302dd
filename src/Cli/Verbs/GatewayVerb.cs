using System;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Gateway;

namespace Darkbloom.Cli.Verbs;

/// <summary><c>darkbloom gateway</c>: the OpenAI endpoint in front of the mesh.</summary>
internal static class GatewayVerb
{
    private static readonly Setting<string> State = KnownSettings.State.WithDefault(KnownSettings.StateDirectory("gateway"));

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("gateway", "Run a gateway: the OpenAI endpoint that sends each request into the mesh.")
        {
            Examples =
            [
                new("darkbloom gateway --rendezvous <key>@host:7400", "an endpoint on 127.0.0.1:8484, without keys"),
                new("darkbloom gateway --config gateway.json --http-bind 0.0.0.0:8484 --api-key-file keys", "one for others: keys are a must then"),
            ],
        };
        RoleVerb.Complete(
            verb,
            terminal,
            Role.Gateway,
            [
                KnownSettings.Rendezvous, KnownSettings.HttpBind, KnownSettings.ApiKey, KnownSettings.CorsOrigin,
                KnownSettings.ModelAlias, KnownSettings.Network,
                KnownSettings.Bind, State, KnownSettings.JoinSecret, KnownSettings.Log,
            ],
            ServeAsync);
        return verb;
    }

    private static async Task ServeAsync(RoleSession session, CancellationToken stop)
    {
        SettingValues settings = session.Settings;
        GatewayOptions options = new()
        {
            Network = settings.Get(KnownSettings.Network),
            Bind = settings.Get(KnownSettings.Bind),
            HttpBind = settings.Get(KnownSettings.HttpBind),
            StateDirectory = settings.Get(State),
            Rendezvous = settings.Get(KnownSettings.Rendezvous),
            JoinSecret = settings.Get(KnownSettings.JoinSecret),
            ApiKeys = settings.Get(KnownSettings.ApiKey),
            CorsOrigins = settings.Get(KnownSettings.CorsOrigin),
            ModelAliases = settings.Get(KnownSettings.ModelAlias),
            DrainTimeMax = session.DrainMax,
        };
        await using GatewayHost host = await GatewayHost.StartAsync(options, session.Loggers, stop);
        RoleEvent listening = session.Event(RoleState.Joining) with
        {
            Address = host.BaseAddress.GetLeftPart(UriPartial.Authority),
            Id = host.Id.ToString(),
        };
        await session.ServeAsync(listening, host.Ready, stop);
    }
}
