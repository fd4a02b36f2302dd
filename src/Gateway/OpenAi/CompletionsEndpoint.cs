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
        (PreparedAnswer? prepared, ApiError? error) = await RequestReader.ReadAsync<PreparedAnswer>(exchange, Prepare);
        await (error is null ? relay.AnswerAsync(exchange, prepared!) : exchange.FailAsync(error).AsTask());
    }

    /// <summary>Returns what is wrong with a body, or null and what the mesh is asked.</summary>
    public ApiError? Prepare(ReadOnlyMemory<byte> body, out PreparedAnswer? prepared)
    {
        prepared = null;
        ApiError? error = CompletionRequestParser.Parse(body, RequestEntropy.Draw(), out CompletionRequest? request);
        ServedModel? model = null;
        foreach (GenerateRequest generate in request?.Generate ?? [])
        {
            error ??= models.Resolve(generate, out model);
        }

        if (error is not null)
        {
            return error;
        }

        MeshAnswer answer = MeshAnswer.ToAll(request!.Generate, client, request.CacheKey);
        bool logprobs = request.Generate[0].Logprobs;
        CompletionHeader header = new(ApiExchange.NewId("cmpl-"), time.GetUtcNow().ToUnixTimeSeconds(), answer.Model, model?.Fingerprint);
        prepared = new PreparedAnswer(
            answer,
            new CompletionReply(header, answer.Choices, logprobs),
            request.Stream is { } options ? output => new CompletionChunkWriter(output, header, answer.Choices, logprobs, options) : null);
        return null;
    }
}
