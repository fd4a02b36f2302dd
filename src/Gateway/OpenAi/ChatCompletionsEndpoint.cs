using System;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Answers <c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatCompletionsEndpoint(
    IInferenceClient client, ModelsEndpoint models, GenerationRelay relay, TimeProvider time)
{
    /// <summary>
    /// 1. Read the body under its limits; it is wiped as soon as it is parsed. 2. Parse it once. 3. Check what only the
    /// served model can tell. 4. Generate, and write the answer as it comes or whole; the relay turns a failure into a
    /// status, or into the stream's last event.
    /// </summary>
    public async Task HandleAsync(ApiExchange exchange)
    {
        (PreparedAnswer? prepared, ApiError? error) = await RequestReader.ReadAsync<PreparedAnswer>(exchange, Prepare); // Step 1.
        await (error is null ? relay.AnswerAsync(exchange, prepared!) : exchange.FailAsync(error).AsTask()); // Step 4.
    }

    /// <summary>Returns what is wrong with a body, or null and what the mesh is asked.</summary>
    public ApiError? Prepare(ReadOnlyMemory<byte> body, out PreparedAnswer? prepared)
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

        CompletionHeader header = new(ApiExchange.NewId("chatcmpl-"), time.GetUtcNow().ToUnixTimeSeconds(), generate.Model, model?.Fingerprint);
        prepared = new PreparedAnswer(
            MeshAnswer.To(generate, client),
            new ChatReply(header, generate),
            request.Stream is { } options ? output => new ChatChunkWriter(output, header, generate, options) : null);
        return null;
    }
}
