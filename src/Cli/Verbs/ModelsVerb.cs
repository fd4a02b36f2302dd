using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Node.Models;
using Spectre.Console;

namespace Darkbloom.Cli.Verbs;

/// <summary><c>darkbloom models</c>: the models that a node on this machine can serve.</summary>
internal static class ModelsVerb
{
    private const int HashDigitsShown = 12;

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("models", "List, verify and add models that a node on this machine can serve.")
        {
            Examples =
            [
                new("darkbloom models", "list them"),
                new("darkbloom models verify", "compare every file with its SHA-256"),
                new("darkbloom models add ./llama-3.2-1b-q8_0.gguf", "add a file from disk"),
                new("darkbloom node --config node.json --model llama-3.2-1b-q8_0", "and serve it"),
            ],
        };
        ListWith(verb, terminal);
        verb.Add(CreateList(terminal));
        verb.Add(CreateVerify(terminal));
        verb.Add(CreateAdd(terminal));
        return verb;
    }

    private static Verb CreateList(Terminal terminal)
    {
        Verb verb = new("list", "List the models of this machine.") { Examples = [new("darkbloom models list --json", "for programs")] };
        ListWith(verb, terminal);
        return verb;
    }

    private static void ListWith(Verb verb, Terminal terminal) => Complete(verb, terminal, (catalogue, _, json, _) =>
    {
        IReadOnlyList<ModelEntry> models = catalogue.List();
        Table table = Tables.Create("id", "size", "context", "architecture", "parameters", "sha-256", "file");
        foreach (ModelEntry model in models)
        {
            table.Add(
                model.Id, Size(model.SizeBytes), model.ContextTokens.ToString(CultureInfo.InvariantCulture), model.Architecture,
                Count(model.Parameters), model.Sha256[..Math.Min(HashDigitsShown, model.Sha256.Length)], model.Path);
        }

        Show(json, new JsonArray([.. models.Select(model => (JsonNode)ToJson(model))]), table, terminal);
        return Task.FromResult(ExitCode.Success);
    });

    private static Verb CreateVerify(Terminal terminal)
    {
        Verb verb = new("verify", "Compare the files of models with their SHA-256; fails if one is missing or changed.")
        {
            Examples = [new("darkbloom models verify darkbloom-tiny", "one of them; without an id, all")],
        };
        Argument<string[]> ids = new("id") { Description = "the models to verify; all unless given", Arity = ArgumentArity.ZeroOrMore };
        verb.Add(ids);
        Complete(verb, terminal, async (catalogue, parsed, json, stop) =>
        {
            ImmutableArray<ModelEntry> models = Select(catalogue, parsed.GetValue(ids) ?? []);
            JsonArray results = [];
            Table table = Tables.Create("id", "file", "state");
            bool allIntact = true;
            foreach (ModelEntry model in models)
            {
                ModelCondition condition = await ModelCatalogue.VerifyAsync(model, Progress(model.Id, model.SizeBytes, terminal), stop);
                string word = condition.ToString().ToLowerInvariant();
                allIntact &= condition == ModelCondition.Intact;
                table.Add(model.Id, model.Path, word);
                results.Add((JsonNode)new JsonObject { ["id"] = model.Id, ["file"] = model.Path, ["state"] = word });
            }

            Show(json, results, table, terminal);
            return allIntact ? ExitCode.Success : ExitCode.Failure;
        });
        return verb;
    }

    private static Verb CreateAdd(Terminal terminal)
    {
        Verb verb = new("add", "Add a GGUF file from disk; it is checked and hashed first.")
        {
            Examples =
            [
                new("darkbloom models add ./llama-3.2-1b-q8_0.gguf", "remember where it lies"),
                new("darkbloom models add ./model.gguf --id llama-3.2-1b --copy", "copy it, under another name"),
            ],
        };
        Argument<FileInfo> file = new("file.gguf") { Description = "the file" };
        Option<string?> id = new("--id") { Description = "what clients call it; the file's name unless set", HelpName = "id" };
        Option<bool> copy = new("--copy") { Description = "copy it into the directory of models, so that the original may go" };
        verb.Add(file);
        verb.Add(id);
        verb.Add(copy);
        Complete(verb, terminal, async (catalogue, parsed, json, stop) =>
        {
            FileInfo source = parsed.GetRequiredValue(file);
            string name = parsed.GetValue(id) ?? Path.GetFileNameWithoutExtension(source.Name);
            ModelPlacement placement = parsed.GetValue(copy) ? ModelPlacement.Copied : ModelPlacement.InPlace;
            ModelEntry added = await catalogue.AddAsync(
                name, source.FullName, placement, Progress(name, source.Exists ? source.Length : 0, terminal), stop);
            Show(
                json, ToJson(added), Tables.Create("id", "sha-256", "file").Add(added.Id, added.Sha256, added.Path), terminal);
            return ExitCode.Success;
        });
        return verb;
    }

    private static void Complete(
        Verb verb, Terminal terminal, Func<ModelCatalogue, ParseResult, bool, CancellationToken, Task<ExitCode>> run)
    {
        Option<bool> json = SettingOptions.CreateJsonOption();
        SettingOptions options = new(verb, terminal, json, KnownSettings.Models);
        verb.Add(json);
        verb.SetAction(async (parsed, _) =>
        {
            SettingValues values = options.Read(parsed);
            if (options.Printed(parsed, values))
            {
                return (int)ExitCode.Success;
            }

            using StopSignals signals = StopSignals.Listen();
            ModelCatalogue catalogue = new(ModelCatalogue.ShippedDirectory, values.Get(KnownSettings.Models));
            return (int)await run(catalogue, parsed, parsed.GetValue(json), signals.Token);
        });
    }

    private static ImmutableArray<ModelEntry> Select(ModelCatalogue catalogue, string[] ids)
    {
        IReadOnlyList<ModelEntry> models = catalogue.List();
        return ids.Length == 0
            ? [.. models]
            : [.. ids.Select(id => models.FirstOrDefault(model => model.Id == id)
                ?? throw new InvalidModelException($"There is no model '{id}'. Models here: {string.Join(", ", models.Select(model => model.Id))}"))];
    }

    private static void Show(bool json, JsonNode document, Table table, Terminal terminal)
    {
        if (json)
        {
            terminal.Out.WriteLine(document.ToJsonString());
        }
        else
        {
            terminal.OutConsole().Write(table);
        }
    }

    /// <summary>Large files take a while: a person sees how far it is.</summary>
    private static FileProgress? Progress(string id, long bytesTotal, Terminal terminal) =>
        terminal.IsErrorInteractive && bytesTotal > 0 ? new FileProgress(id, bytesTotal, terminal.Error) : null;

    private static JsonObject ToJson(ModelEntry model) => new()
    {
        ["id"] = model.Id,
        ["size_bytes"] = model.SizeBytes,
        ["context_tokens"] = model.ContextTokens,
        ["architecture"] = model.Architecture,
        ["parameters"] = model.Parameters,
        ["sha256"] = model.Sha256,
        ["file"] = model.Path,
    };

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");

    private static string Count(ulong parameters) => parameters switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{parameters / 1e9:0.0} B"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{parameters / 1e6:0.0} M"),
    };
}
