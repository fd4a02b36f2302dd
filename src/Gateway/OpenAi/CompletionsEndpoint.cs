using System;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Answers <c>POST /v1/completions</c>, by the same steps as <see cref="ChatCompletionsEndpoint"/>.</summary>
internal sealed class CompletionsEndpoint(
    IInferenceClient client, ModelsEndpoint models, GenerationRelay relay, TimeProvider time)
{
    public async Task HandleAsync(ApiExchange exchange)
    {
        (RequestBody? body, ApiError? error) =
            await RequestBody.ReadAsync(exchange.Context.Request, exchange.Context.RequestAborted);
        if (error is not null)
        {
            await exchange.FailAsync(error);
            return;
        }

        CompletionRequest? request;
        using (body)
        {
            error = CompletionRequestParser.Parse(body!.Bytes, RequestEntropy.Draw(), out request);
        }

        ServedModel? model = null;
        foreach (GenerateRequest generate in request?.Generate ?? [])
        {
            error ??= models.Resolve(generate, out model);
        }

        if (error is not null)
        {
            await exchange.FailAsync(error);
            return;
        }

        MeshAnswer answer = MeshAnswer.ToAll(request!.Generate, client);
        bool logprobs = request.Generate[0].Logprobs;
        CompletionHeader header = new(ApiExchange.NewId("cmpl-"), time.GetUtcNow().ToUnixTimeSeconds(), answer.Model, model?.Fingerprint);
        await (request.Stream is { } options
            ? relay.StreamAsync(exchange, answer, output => new CompletionChunkWriter(output, header, answer.Choices, logprobs, options))
            : relay.CollectAsync(exchange, answer, new CompletionReply(header, answer.Choices, logprobs)));
    }
}
