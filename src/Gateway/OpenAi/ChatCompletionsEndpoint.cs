using System;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Gateway.OpenAi.Stored;
using Darkbloom.Gateway.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Answers <c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatCompletionsEndpoint(
    IInferenceClient client, ModelsEndpoint models, GenerationRelay relay, ResponseStore store, TimeProvider time)
{
    /// <summary>
    /// 1. Read the body under its limits; it is wiped as soon as it is parsed. 2. Parse it once. 3. Check what only the
    /// served model can tell. 4. Generate, and write the answer as it comes or whole; the relay turns a failure into a
    /// status, or into the stream's last event.
    /// </summary>
    public async Task HandleAsync(ApiExchange exchange)
    {
        (PreparedAnswer? prepared, ApiError? error) = await RequestReader.ReadAsync<PreparedAnswer>(
            exchange, (ReadOnlyMemory<byte> body, out PreparedAnswer? made) => Prepare(body, exchange, out made)); // Step 1.
        await (error is null ? relay.AnswerAsync(exchange, prepared!) : exchange.FailAsync(error).AsTask()); // Step 4.
    }

    /// <summary>Returns what is wrong with a body of a batch, or null and what the mesh is asked: its completion isn't kept.</summary>
    public ApiError? Prepare(ReadOnlyMemory<byte> body, out PreparedAnswer? prepared) => Prepare(body, null, out prepared);

    /// <param name="exchange">Whose completion is kept, if its request says so; null: none is.</param>
    private ApiError? Prepare(ReadOnlyMemory<byte> body, ApiExchange? exchange, out PreparedAnswer? prepared)
    {
        prepared = null;
        if (ChatRequestParser.Parse(body, RequestEntropy.Draw(), out ChatRequest? request) is { } error) // Step 2.
        {
            return error;
        }

        GenerateRequest generate = request!.Generate;
        if (models.Resolve(generate, out ServedModel? model) is { } unable) // Step 3.
        {
            return unable;
        }

        string id = ApiExchange.NewId("chatcmpl-");
        CompletionHeader header = new(id, time.GetUtcNow().ToUnixTimeSeconds(), generate.Model, model?.Fingerprint);
        ChatReply reply = new(header, generate);
        prepared = new PreparedAnswer(
            MeshAnswer.To(generate, client, request.CacheKey),
            reply,
            request.Stream is { } options ? output => new ChatChunkWriter(output, header, generate, options) : null);
        if (exchange is not null && request.Stored is { } echoes)
        {
            StoredCompletions kept = new(store, AccessPolicy.PresentedKey(exchange.Context.Request));
            prepared = kept.Keep(prepared, reply, id, end => StoredCompletion.Write(reply, end, generate, echoes, exchange.RequestId));
        }

        return null;
    }
}
