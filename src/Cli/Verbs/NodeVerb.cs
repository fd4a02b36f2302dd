using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Node;

namespace Darkbloom.Cli.Verbs;

/// <summary><c>darkbloom node</c>: serves a model to the mesh.</summary>
internal static class NodeVerb
{
    private static readonly Setting<string> State = KnownSettings.State.WithDefault(KnownSettings.StateDirectory("node"));

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("node", "Run a node: it loads a model and answers for the mesh.")
        {
            Examples =
            [
                new("darkbloom node --rendezvous <key>@host:7400", "serve the built-in model"),
                new("darkbloom node --config node.json --model ./llama-3.2-1b-q8_0.gguf", "serve a model from a file"),
                new("darkbloom node --config node.json --print-config", "show what would be used, and who said so"),
            ],
        };
        RoleVerb.Complete(
            verb,
            terminal,
            Role.Node,
            [
                KnownSettings.Rendezvous, KnownSettings.Model, KnownSettings.Models, KnownSettings.Network, KnownSettings.Bind, State,
                KnownSettings.JoinSecret, KnownSettings.Slots, KnownSettings.Queue, KnownSettings.ContextTokens,
                KnownSettings.Threads, KnownSettings.Log,
            ],
            ServeAsync);
        return verb;
    }

    private static async Task ServeAsync(RoleSession session, CancellationToken stop)
    {
        SettingValues settings = session.Settings;
        NodeOptions options = new()
        {
            Network = settings.Get(KnownSettings.Network),
            Bind = settings.Get(KnownSettings.Bind),
            StateDirectory = settings.Get(State),
            Rendezvous = settings.Get(KnownSettings.Rendezvous),
            JoinSecret = settings.Get(KnownSettings.JoinSecret),
            Model = settings.Get(KnownSettings.Model),
            ModelsDirectory = settings.Get(KnownSettings.Models),
            Slots = settings.Get(KnownSettings.Slots),
            QueueMax = settings.Get(KnownSettings.Queue),
            ContextTokensPerSlot = settings.Get(KnownSettings.ContextTokens),
            Threads = settings.Get(KnownSettings.Threads),
        };
        session.Report(session.Event(RoleState.Loading) with { Model = options.Model });
        await using NodeHost host = await NodeHost.StartAsync(options, session.Loggers, stop);
        RoleEvent listening = session.Event(RoleState.Joining) with
        {
            Address = host.LocalEndPoint.ToString(),
            Id = host.Id.ToString(),
            Model = host.ModelId,
        };
        await session.ServeAsync(listening, host.Ready, stop);
    }
}
