using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Settings;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Node.Models;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Cli.Diagnostics;

/// <summary>Checks of the native engine and of the model that a node would serve.</summary>
internal sealed class EngineChecks(SettingValues settings)
{
    private const int RequestIdBytes = 16;
    private const string Rebuild = "Run ./darkbloom again: it builds the engine. Delete artifacts/native first if that changes nothing.";

    public ImmutableArray<Check> All =>
    [
        new("model", "Run `darkbloom models`, and add the file again if it changed.", VerifyModelAsync),
        new("engine", Rebuild, GenerateAsync),
    ];

    private async Task<Finding> VerifyModelAsync(CancellationToken cancellationToken)
    {
        ModelEntry model = Resolve();
        if (model.Sha256.Length == 0)
        {
            return Finding.Good($"{model.Path} can be read; it is not in the catalogue, so nothing vouches for its content");
        }

        ModelCondition condition = await ModelCatalogue.VerifyAsync(model, progress: null, cancellationToken);
        return condition == ModelCondition.Intact
            ? Finding.Good($"{model.Id} has the SHA-256 that it was added with")
            : Finding.Bad($"{model.Path} is {condition.ToString().ToLowerInvariant()}", $"Add it again: darkbloom models add <file> --id {model.Id}.");
    }

    private async Task<Finding> GenerateAsync(CancellationToken cancellationToken)
    {
        ModelEntry model = Resolve();
        LlamaEngineOptions options = new() { ModelPath = model.Path, ModelId = model.Id, Slots = 1, Threads = 1 };
        await using LlamaEngine engine = await LlamaEngine.LoadAsync(options, cancellationToken);
        GenerateRequest request = new()
        {
            RequestId = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(RequestIdBytes)),
            Model = model.Id,
            Messages = { new ChatMessage { Role = "user", Content = "Hello" } },
            Sampling = new Sampling { Temperature = 0, TopP = 1 },
            OutputTokensMax = 1,
            Choices = 1,
        };
        await foreach (NodeResponse response in engine.GenerateAsync(request, cancellationToken))
        {
            if (response.End is { } end)
            {
                return end.Fault == InferenceFault.None
                    ? Finding.Good(string.Create(CultureInfo.InvariantCulture, $"llama.cpp loads {model.Id} and generated {end.Usage?.CompletionTokens ?? 0} token"))
                    : Finding.Bad($"the engine ended with {end.Fault}: {end.Detail}", Rebuild);
            }
        }

        return Finding.Bad("the engine stopped without an end", Rebuild);
    }

    private ModelEntry Resolve() =>
        new ModelCatalogue(ModelCatalogue.ShippedDirectory, settings.Get(KnownSettings.Models)).Resolve(settings.Get(KnownSettings.Model));
}
