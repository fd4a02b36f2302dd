using System;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Net;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Node.Models;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Cli.Settings;

/// <summary>Every setting of every verb.</summary>
/// <remarks>One file may configure several roles: a key of another role is ignored, a key of none is an error.</remarks>
internal static class KnownSettings
{
    public const int SlotsMax = LlamaEngineOptions.SlotsMax;
    public const int QueueMax = 4096;
    public const int ContextTokensMax = 1 << 20;
    public const int ThreadsMax = 1024;

    public static Setting<string> Network { get; } = new(
        "network", "name of the mesh; peers of different networks never talk", "1 to 64 letters, digits, '-', '_' or '.'",
        TryNetwork, () => "darkbloom")
    { Placeholder = "name" };

    public static Setting<IPEndPoint> Bind { get; } = new(
        "bind", "UDP address of this peer; port 0 lets the system choose", "address:port",
        SettingParsers.TryEndPoint, () => "127.0.0.1:0")
    { Placeholder = "address:port" };

    public static Setting<IPEndPoint> HttpBind { get; } = new(
        "http-bind", "where HTTP listens", "address:port", SettingParsers.TryEndPoint, () => "127.0.0.1:8484")
    { Placeholder = "address:port" };

    public static Setting<string> State { get; } = new(
        "state", "directory of the identity key and whatever must survive a restart", "a directory",
        SettingParsers.TryText, () => StateDirectory("peer"))
    { Placeholder = "directory" };

    public static Setting<RendezvousAddress> Rendezvous { get; } = new(
        "rendezvous", "the rendezvous to join, as it prints it", "<128 hex digits of its key>@host:port",
        TryRendezvous, fallback: null)
    { Placeholder = "key@host:port" };

    public static Setting<string> JoinSecret { get; } = new(
        "join-secret", "what the rendezvous asks of a new peer", "text", SettingParsers.TryOptionalText, () => "")
    { Placeholder = "text", IsSecret = true };

    public static Setting<ImmutableArray<string>> ApiKey { get; } = new(
        "api-key", "API keys that the gateway accepts, or the one to present to it", "keys separated by commas or line ends",
        SettingParsers.TryWords, () => "")
    { Placeholder = "keys", IsSecret = true };

    public static Setting<ImmutableArray<string>> CorsOrigin { get; } = new(
        "cors-origin", "web origins whose pages may call the gateway; * is every one", "origins separated by commas",
        SettingParsers.TryWords, () => "")
    { Placeholder = "origins" };

    public static Setting<ImmutableSortedDictionary<string, string>> ModelAlias { get; } = new(
        "model-alias", "further names of models", "name=id pairs separated by commas", TryAliases, () => "")
    { Placeholder = "name=id" };

    public static Setting<string> Model { get; } = new(
        "model", "a GGUF file, or the id of a model that `darkbloom models` lists", "a path or an id",
        SettingParsers.TryText, () => ModelCatalogue.BuiltInId)
    { Placeholder = "id|file.gguf" };

    public static Setting<string> Models { get; } = new(
        "models", "directory of the models that were added to this machine", "a directory",
        SettingParsers.TryText, () => StateDirectory("models"))
    { Placeholder = "directory" };

    public static Setting<int> Slots { get; } = new(
        "slots", "answers generated at once", $"a number from 1 to {SlotsMax}", SettingParsers.Number(1, SlotsMax), () => "4")
    { Placeholder = "count" };

    public static Setting<int> Queue { get; } = new(
        "queue", "requests that may wait for a slot", $"a number from 1 to {QueueMax}", SettingParsers.Number(1, QueueMax), () => "16")
    { Placeholder = "count" };

    public static Setting<int> ContextTokens { get; } = new(
        "context", "tokens of context per slot; 0: what the model was trained with", $"a number from 0 to {ContextTokensMax}",
        SettingParsers.Number(0, ContextTokensMax), () => "0")
    { Placeholder = "tokens" };

    public static Setting<int> Threads { get; } = new(
        "threads", "CPU threads of the engine; 0: all cores but one", $"a number from 0 to {ThreadsMax}",
        SettingParsers.Number(0, ThreadsMax), () => "0")
    { Placeholder = "count" };

    public static Setting<Uri> Url { get; } = new(
        "url", "the gateway's OpenAI endpoint", "an http or https address such as http://127.0.0.1:8484/v1",
        SettingParsers.TryWebAddress, () => "http://127.0.0.1:8484/v1")
    { Placeholder = "address" };

    public static Setting<LogLevel> Log { get; } = new(
        "log", "least level of the log on standard error", "debug, information, warning or error",
        SettingParsers.OneOf(
            ("debug", LogLevel.Debug), ("information", LogLevel.Information), ("warning", LogLevel.Warning), ("error", LogLevel.Error)),
        () => "information")
    { Placeholder = "level" };

    public static ImmutableArray<Setting> All { get; } =
        [
            Network, Bind, HttpBind, State, Rendezvous, JoinSecret, ApiKey, CorsOrigin, ModelAlias, Model, Models, Slots, Queue, ContextTokens,
            Threads, Url, Log,
        ];

    /// <summary>Where a role keeps its state unless told otherwise.</summary>
    public static string StateDirectory(string role) =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".darkbloom", role);

    private const int NetworkCharactersMax = 64;

    private static bool TryNetwork(string text, out string value)
    {
        value = text;
        return text.Length is > 0 and <= NetworkCharactersMax
            && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.');
    }

    private static bool TryAliases(string text, out ImmutableSortedDictionary<string, string> value)
    {
        ImmutableSortedDictionary<string, string>.Builder aliases = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        value = ImmutableSortedDictionary<string, string>.Empty;
        _ = SettingParsers.TryWords(text, out ImmutableArray<string> pairs);
        foreach (string pair in pairs)
        {
            if (pair.Split('=') is not [{ Length: > 0 } alias, { Length: > 0 } id] || aliases.ContainsKey(alias))
            {
                return false;
            }

            aliases.Add(alias, id);
        }

        value = aliases.ToImmutable();
        return true;
    }

    private static bool TryRendezvous(string text, out RendezvousAddress value)
    {
        bool parsed = RendezvousAddress.TryParse(text, out RendezvousAddress? address);
        value = address!;
        return parsed;
    }
}
