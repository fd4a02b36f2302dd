using System;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Answers <c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatCompletionsEndpoint(
    IInferenceClient client, ModelsEndpoint models, GenerationRelay relay, TimeProvider time)
{
    /// <summary>
    /// 1. Read the body under its limits. 2. Parse it once. 3. Check what only the served model can tell.
    /// 4. Generate, and write the answer as it comes or whole; the relay turns a failure into a status, or into the
    /// stream's last event.
    /// </summary>
    public async Task HandleAsync(ApiExchange exchange)
    {
        // Step 1: the body, wiped as soon as it is parsed.
        (RequestBody? body, ApiError? error) =
            await RequestBody.ReadAsync(exchange.Context.Request, exchange.Context.RequestAborted);
        if (error is not null)
        {
            await exchange.FailAsync(error);
            return;
        }

        // Step 2.
        ChatRequest? request;
        using (body)
        {
            error = ChatRequestParser.Parse(body!.Bytes, RequestEntropy.Draw(), out request);
        }

        // Step 3.
        ServedModel? model = null;
        error ??= models.Resolve(request!.Generate, out model);
        if (error is not null)
        {
            await exchange.FailAsync(error);
            return;
        }

        // Step 4.
        CompletionHeader header = new(
            ApiExchange.NewId("chatcmpl-"), time.GetUtcNow().ToUnixTimeSeconds(), request!.Generate.Model, model?.Fingerprint);
        MeshAnswer answer = MeshAnswer.To(request.Generate, client);
        await (request.Stream is { } options
            ? relay.StreamAsync(exchange, answer, output => new ChatChunkWriter(output, header, request.Generate, options))
            : relay.CollectAsync(exchange, answer, new ChatReply(header, request.Generate)));
    }
}
