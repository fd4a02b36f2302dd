using System;
using System.Collections.Generic;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Mesh.Routing;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Answers <c>/api/tags</c>, <c>/api/ps</c>, <c>/api/show</c> and <c>/api/version</c> from what the mesh serves now.</summary>
/// <param name="since">A mesh does not know when a model was made: every model has the time when this gateway started.</param>
internal sealed class OllamaModels(IInferenceClient client, ModelsEndpoint models, TimeProvider time, DateTimeOffset since)
{
    /// <summary>The release of Ollama whose interface this is; its clients compare it.</summary>
    public const string Version = "0.12.6";

    /// <summary>A served model is always loaded: it never expires before this long from now.</summary>
    private static readonly TimeSpan Loaded = TimeSpan.FromDays(1);

    /// <summary>Answers <c>GET /api/tags</c>.</summary>
    public ValueTask ListAsync(ApiExchange exchange) => ApiResponses.WriteJsonAsync(exchange, 200, this, static (json, self) => self.WriteList(json, isRunning: false));

    /// <summary>Answers <c>GET /api/ps</c>: what is served is loaded somewhere.</summary>
    public ValueTask ListRunningAsync(ApiExchange exchange) => ApiResponses.WriteJsonAsync(exchange, 200, this, static (json, self) => self.WriteList(json, isRunning: true));

    public static ValueTask TellVersionAsync(ApiExchange exchange) => ApiResponses.WriteJsonAsync(exchange, 200, Version, static (json, version) =>
    {
        json.WriteStartObject();
        json.WriteString("version"u8, version);
        json.WriteEndObject();
    });

    /// <summary>Answers <c>POST /api/show</c>.</summary>
    public async Task ShowAsync(ApiExchange exchange)
    {
        (string? name, ApiError? error) = await RequestReader.ReadAsync<string>(exchange, ReadName);
        ServedModel? model = error is null ? models.FindNamed(OllamaNames.Resolve(name!, models)) : null;
        await (model is null
            ? exchange.FailAsync(error ?? ApiError.ModelNotFound(name!))
            : ApiResponses.WriteJsonAsync(exchange, 200, (this, model), static (json, state) => state.Item1.WriteModel(json, state.model)));
    }

    private static ApiError? ReadName(ReadOnlyMemory<byte> body, out string? name)
    {
        name = null;
        if (JsonBody.Parse(body, out JsonDocument? document) is { } error)
        {
            return error;
        }

        using (document)
        {
            JsonElement root = document!.RootElement;
            ApiError? unknown = ToolParser.CheckObject(root, "body", ["model", "name", "verbose", "system", "template", "options"]);
            if (unknown is not null)
            {
                return unknown;
            }

            return ToolParser.IsPresent(root, "model", out JsonElement value) || ToolParser.IsPresent(root, "name", out value)
                ? Parameters.ReadString(value, "model", CommonFields.ModelCharsMax, out name)
                : ApiError.Missing("model");
        }
    }

    private void WriteList(Utf8JsonWriter json, bool isRunning)
    {
        json.WriteStartObject();
        json.WriteStartArray("models"u8);
        foreach (ServedModel model in client.Models)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, model.Id);
            json.WriteString("model"u8, model.Id);

            // How large its file is, is not part of what nodes tell.
            json.WriteNumber("size"u8, 0);
            json.WriteString("digest"u8, Digest(model));
            WriteDetails(json);
            if (isRunning)
            {
                json.WriteString("expires_at"u8, OllamaAnswer.Timestamp(time.GetUtcNow() + Loaded));
                json.WriteNumber("size_vram"u8, 0);
                json.WriteNumber("context_length"u8, model.ContextTokens);
            }
            else
            {
                json.WriteString("modified_at"u8, OllamaAnswer.Timestamp(since));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteModel(Utf8JsonWriter json, ServedModel model)
    {
        json.WriteStartObject();
        json.WriteString("license"u8, ""u8);
        json.WriteString("modelfile"u8, string.Create(CultureInfo.InvariantCulture, $"FROM {model.Id}\n"));
        json.WriteString("parameters"u8, ""u8);
        json.WriteString("template"u8, ""u8);
        WriteDetails(json);
        json.WriteStartObject("model_info"u8);
        json.WriteString("general.architecture"u8, "darkbloom"u8);
        json.WriteString("general.basename"u8, model.Id);
        json.WriteNumber("darkbloom.context_length"u8, model.ContextTokens);
        json.WriteNumber("darkbloom.nodes"u8, model.Nodes);
        json.WriteNumber("darkbloom.attested_nodes"u8, model.AttestedNodes);
        json.WriteEndObject();
        json.WriteStartArray("capabilities"u8);
        foreach ((ModelCapabilities capability, string name) in Capabilities)
        {
            if (model.Capabilities.HasFlag(capability))
            {
                json.WriteStringValue(name);
            }
        }

        json.WriteEndArray();
        json.WriteString("modified_at"u8, OllamaAnswer.Timestamp(since));
        json.WriteEndObject();
    }

    private static IEnumerable<(ModelCapabilities Capability, string Name)> Capabilities =>
    [
        (ModelCapabilities.Chat, "completion"), (ModelCapabilities.Tools, "tools"), (ModelCapabilities.FillInMiddle, "insert"),
        (ModelCapabilities.Vision, "vision"), (ModelCapabilities.Embeddings, "embedding"), (ModelCapabilities.Reasoning, "thinking"),
    ];

    private static void WriteDetails(Utf8JsonWriter json)
    {
        json.WriteStartObject("details"u8);
        json.WriteString("parent_model"u8, ""u8);
        json.WriteString("format"u8, "gguf"u8);
        json.WriteString("family"u8, "darkbloom"u8);
        json.WriteStartArray("families"u8);
        json.WriteStringValue("darkbloom"u8);
        json.WriteEndArray();
        json.WriteString("parameter_size"u8, ""u8);
        json.WriteString("quantization_level"u8, ""u8);
        json.WriteEndObject();
    }

    /// <summary>Another one for another model file, template or engine, as far as the nodes agree on theirs.</summary>
    private static string Digest(ServedModel model) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{model.Id}\n{model.Fingerprint}")));
}
