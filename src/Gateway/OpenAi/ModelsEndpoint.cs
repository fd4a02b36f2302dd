using System;
using System.Collections.Immutable;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Answers <c>GET /v1/models</c> and <c>GET /v1/models/{id}</c> from what the mesh serves now.</summary>
/// <param name="created">A mesh does not know when a model was made: every model has the time when this gateway started.</param>
internal sealed class ModelsEndpoint(IInferenceClient client, DateTimeOffset created)
{
    public ValueTask ListAsync(ApiExchange exchange) =>
        ApiResponses.WriteJsonAsync(exchange, 200, client.Models, WriteList);

    public ValueTask GetAsync(ApiExchange exchange) =>
        Find(exchange.Item) is { } model
            ? ApiResponses.WriteJsonAsync(exchange, 200, model, WriteModel)
            : exchange.FailAsync(ApiError.ModelNotFound(exchange.Item));

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
        json.WriteEndObject();
    }

    private void WriteModel(Utf8JsonWriter json, ServedModel model)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, model.Id);
        json.WriteString("object"u8, "model"u8);
        json.WriteNumber("created"u8, created.ToUnixTimeSeconds());
        json.WriteString("owned_by"u8, "darkbloom"u8);
        json.WriteStartObject("darkbloom"u8);
        json.WriteNumber("context_length"u8, model.ContextTokens);
        json.WriteNumber("nodes"u8, model.Nodes);
        json.WriteNumber("attested_nodes"u8, model.AttestedNodes);
        json.WriteBoolean("tools"u8, model.Tools);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
