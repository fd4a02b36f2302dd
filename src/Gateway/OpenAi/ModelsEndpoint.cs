using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Answers <c>GET /v1/models</c> and <c>GET /v1/models/{id}</c> from what the mesh serves now.</summary>
/// <param name="aliases">Further names of models, by which requests may call them.</param>
/// <param name="created">A mesh does not know when a model was made: every model has the time when this gateway started.</param>
internal sealed class ModelsEndpoint(
    IInferenceClient client, DateTimeOffset created, IReadOnlyDictionary<string, string> aliases)
{
    public ValueTask ListAsync(ApiExchange exchange) =>
        ApiResponses.WriteJsonAsync(exchange, 200, client.Models, WriteList);

    public ValueTask GetAsync(ApiExchange exchange) =>
        FindNamed(exchange.Item) is { } model
            ? ApiResponses.WriteJsonAsync(exchange, 200, model, WriteModel)
            : exchange.FailAsync(ApiError.ModelNotFound(exchange.Item));

    /// <summary>Finds the model that a request names, by its alias too, and refuses at once what it can't do.</summary>
    /// <remarks>A model that isn't listed may have appeared just now, so the inference client decides about that.</remarks>
    public ApiError? Resolve(GenerateRequest request, out ServedModel? model)
    {
        request.Model = aliases.GetValueOrDefault(request.Model, request.Model);
        model = Find(request.Model);
        ModelCapabilities missing = model is null ? ModelCapabilities.None : ModelCapability.NeededBy(request) & ~model.Capabilities;
        return missing switch
        {
            ModelCapabilities.None => null,
            _ when missing.HasFlag(ModelCapabilities.Embeddings) => Lacks(model!, "embeddings", "model"),
            _ when missing.HasFlag(ModelCapabilities.Transcription) => Lacks(model!, "recordings", "model"),
            _ when missing.HasFlag(ModelCapabilities.Chat) => Lacks(model!, "chat", "model"),
            _ when missing.HasFlag(ModelCapabilities.Completion) => Lacks(model!, "completions", "model"),
            _ when missing.HasFlag(ModelCapabilities.FillInMiddle) => Lacks(model!, "a suffix: it fills no gaps", "suffix"),
            _ when missing.HasFlag(ModelCapabilities.Tools) => Lacks(model!, "tools", "tools"),
            _ => Lacks(model!, "reasoning", "reasoning_effort"),
        };
    }

    private static ApiError Lacks(ServedModel model, string what, string param) => ApiError.Invalid(
        $"The model '{model.Id}' does not support {what}. GET /v1/models tells what each model does.",
        param,
        param == "model" ? "unsupported_model" : "unsupported_parameter");

    /// <summary>Whether a model or an alias has the name.</summary>
    public bool Knows(string name) => FindNamed(name) is not null;

    /// <summary>Finds a model by its id or an alias.</summary>
    public ServedModel? FindNamed(string name) => Find(aliases.GetValueOrDefault(name, name));

    public ServedModel? Find(string id)
    {
        foreach (ServedModel model in client.Models)
        {
            if (string.Equals(model.Id, id, StringComparison.Ordinal))
            {
                return model;
            }
        }

        return null;
    }

    /// <summary>Anthropic's clients look for the ends of the page, OpenAI's don't mind.</summary>
    private void WriteList(Utf8JsonWriter json, ImmutableArray<ServedModel> models)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (ServedModel model in models)
        {
            WriteModel(json, model);
        }

        json.WriteEndArray();
        json.WriteString("first_id"u8, models.IsEmpty ? null : models[0].Id);
        json.WriteBoolean("has_more"u8, false);
        json.WriteString("last_id"u8, models.IsEmpty ? null : models[^1].Id);
        json.WriteEndObject();
    }

    private void WriteModel(Utf8JsonWriter json, ServedModel model)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, model.Id);
        json.WriteString("object"u8, "model"u8);
        json.WriteNumber("created"u8, created.ToUnixTimeSeconds());
        json.WriteString("owned_by"u8, "darkbloom"u8);
        json.WriteString("type"u8, "model"u8);
        json.WriteString("display_name"u8, model.Id);
        json.WriteString("created_at"u8, created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteNumber("context_length"u8, model.ContextTokens);
        json.WriteStartObject("darkbloom"u8);
        json.WriteNumber("context_length"u8, model.ContextTokens);
        json.WriteNumber("nodes"u8, model.Nodes);
        json.WriteNumber("attested_nodes"u8, model.AttestedNodes);
        json.WriteStartArray("input_modalities"u8);
        if (model.Capabilities != ModelCapabilities.Transcription)
        {
            json.WriteStringValue("text"u8);
        }

        if (model.Capabilities.HasFlag(ModelCapabilities.Transcription))
        {
            json.WriteStringValue("audio"u8);
        }

        if (model.Capabilities.HasFlag(ModelCapabilities.Vision))
        {
            json.WriteStringValue("image"u8);
        }

        json.WriteEndArray();
        json.WriteBoolean("chat"u8, model.Capabilities.HasFlag(ModelCapabilities.Chat));
        json.WriteBoolean("completions"u8, model.Capabilities.HasFlag(ModelCapabilities.Completion));
        json.WriteBoolean("tools"u8, model.Capabilities.HasFlag(ModelCapabilities.Tools));
        json.WriteBoolean("reasoning"u8, model.Capabilities.HasFlag(ModelCapabilities.Reasoning));
        json.WriteBoolean("fill_in_middle"u8, model.Capabilities.HasFlag(ModelCapabilities.FillInMiddle));
        json.WriteBoolean("embeddings"u8, model.Capabilities.HasFlag(ModelCapabilities.Embeddings));
        json.WriteBoolean("transcription"u8, model.Capabilities.HasFlag(ModelCapabilities.Transcription));
        json.WriteStartArray("aliases"u8);
        foreach ((string alias, string id) in aliases)
        {
            if (id == model.Id)
            {
                json.WriteStringValue(alias);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
