using System.Collections.Immutable;
using System.CommandLine;
using System.IO;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Chats;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;

namespace Darkbloom.Cli.Verbs;

/// <summary><c>darkbloom chat</c>: talks to a gateway from the terminal.</summary>
internal static class ChatVerb
{
    private const int TokensMax = 1 << 20;

    private static readonly Setting<string> Model = new(
        KnownSettings.Model.Name, "the model to ask; the first that the gateway lists unless set", "an id",
        SettingParsers.TryOptionalText, () => "")
    { Placeholder = "id" };

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("chat", "Ask a gateway from the terminal: one question, or a conversation.")
        {
            Examples =
            [
                new("darkbloom chat --temperature 0 \"What is the capital of Japan?\"", "ask once"),
                new("darkbloom chat --config mesh.json", "talk; `darkbloom up` prints the file of its mesh"),
                new("echo \"What is 3 + 4?\" | darkbloom chat", "ask what comes through a pipe"),
                new("darkbloom chat --models", "list what can be asked"),
            ],
        };
        Argument<string?> question = new("question") { Description = "what to ask; without it, a conversation", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> system = new("--system") { Description = "instructions for the model, before the first question", HelpName = "text" };
        Option<int?> tokens = new("--max-tokens") { Description = "cut the answer off after this many tokens", HelpName = "count" };
        tokens.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > TokensMax)
            {
                result.AddError($"--max-tokens: expected a number from 1 to {TokensMax}.");
            }
        });
        Option<double?> temperature = new("--temperature") { Description = "0: always the likeliest word; higher: more daring", HelpName = "0..2" };
        Option<long?> seed = new("--seed") { Description = "the same seed gives the same answer", HelpName = "number" };
        Option<bool> models = new("--models") { Description = "list the models that can be asked, and exit" };
        Option<bool> json = SettingOptions.CreateJsonOption();
        json.Description = "after the answer, one JSON object with its finish reason and token counts on standard error";
        verb.Add(question);
        SettingOptions options = new(verb, terminal, json, KnownSettings.Url, KnownSettings.ApiKey, Model);
        foreach (Option option in (Option[])[system, tokens, temperature, seed, models, json])
        {
            verb.Add(option);
        }

        verb.SetAction(async (parsed, _) =>
        {
            SettingValues values = options.Read(parsed);
            if (options.Printed(parsed, values))
            {
                return (int)ExitCode.Success;
            }

            using ChatClient client = CreateClient(values);
            if (parsed.GetValue(models))
            {
                await ListModelsAsync(client, parsed.GetValue(json), terminal);
                return (int)ExitCode.Success;
            }

            ChatRequest request = new(
                await ChooseModelAsync(client, values),
                parsed.GetValue(system) is { } instructions ? [new ChatMessage("system", instructions)] : [])
            {
                TokensMax = parsed.GetValue(tokens),
                Temperature = parsed.GetValue(temperature),
                Seed = parsed.GetValue(seed),
            };
            ChatSession session = new(client, request, terminal);
            return await RunAsync(session, parsed.GetValue(question), parsed.GetValue(json), terminal);
        });
        return verb;
    }

    private static async Task<int> RunAsync(ChatSession session, string? question, bool json, Terminal terminal)
    {
        if (question is null && terminal.IsInInteractive)
        {
            await session.ConverseAsync();
            return (int)ExitCode.Success;
        }

        using StopSignals signals = StopSignals.Listen();
        string asked = question ?? (await terminal.In.ReadToEndAsync(signals.Token)).Trim();
        if (asked.Length == 0)
        {
            throw new SettingException("There is no question: give one in quotes, or pipe one in.");
        }

        ChatAnswer answer = await session.AskAsync(asked, signals.Token);
        if (json)
        {
            JsonObject summary = new()
            {
                ["finish_reason"] = answer.FinishReason,
                ["prompt_tokens"] = answer.Usage?.PromptTokens,
                ["completion_tokens"] = answer.Usage?.CompletionTokens,
            };
            await terminal.Error.WriteLineAsync(summary.ToJsonString());
        }

        return (int)ExitCode.Success;
    }

    private static ChatClient CreateClient(SettingValues values)
    {
        ImmutableArray<string> keys = values.Get(KnownSettings.ApiKey);
        return new ChatClient(values.Get(KnownSettings.Url), keys.IsEmpty ? null : keys[0]);
    }

    private static async Task<string> ChooseModelAsync(ChatClient client, SettingValues values)
    {
        if (values.Get(Model) is { Length: > 0 } chosen)
        {
            return chosen;
        }

        ImmutableArray<string> listed = await client.ModelsAsync(CancellationToken.None);
        return listed.IsEmpty
            ? throw new ChatException("The gateway knows no model at the moment: no node has joined. `darkbloom peers` shows who is there.")
            : listed[0];
    }

    private static async Task ListModelsAsync(ChatClient client, bool json, Terminal terminal)
    {
        ImmutableArray<string> listed = await client.ModelsAsync(CancellationToken.None);
        TextWriter output = terminal.Out;
        if (json)
        {
            JsonArray array = [];
            foreach (string id in listed)
            {
                array.Add((JsonNode)id);
            }

            await output.WriteLineAsync(array.ToJsonString());
            return;
        }

        foreach (string id in listed)
        {
            await output.WriteLineAsync(id);
        }
    }
}
