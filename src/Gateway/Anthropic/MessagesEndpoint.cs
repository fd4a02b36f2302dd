using System;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Anthropic;

/// <summary>Answers <c>POST /v1/messages</c> and <c>POST /v1/messages/count_tokens</c>.</summary>
internal sealed class MessagesEndpoint(IInferenceClient client, ModelsEndpoint models, GenerationRelay relay)
{
    /// <summary>1. Read the body, parse it, check what only the served model can tell. 2. Generate, as events or whole.</summary>
    public async Task CreateAsync(ApiExchange exchange)
    {
        if (await ReadAsync(exchange, answers: true) is not { } request)
        {
            return;
        }

        string id = ApiExchange.NewId("msg_");
        string model = request.Generate.Model;
        MeshAnswer answer = MeshAnswer.To(request.Generate, client);
        await (request.IsStreamed
            ? relay.StreamAsync(exchange, answer, output => new MessageEventWriter(output, id, model, exchange.RequestId))
            : relay.CollectAsync(exchange, answer, new MessageReply(id, model)));
    }

    public async Task CountAsync(ApiExchange exchange)
    {
        if (await ReadAsync(exchange, answers: false) is not { } request)
        {
            return;
        }

        request.Generate.Tokenization = new TokenizationTask();
        await relay.CollectAsync(exchange, MeshAnswer.To(request.Generate, client), new InputTokensReply());
    }

    /// <summary>Reads and checks a request; null after it was refused.</summary>
    private async Task<MessagesRequest?> ReadAsync(ApiExchange exchange, bool answers)
    {
        (MessagesRequest? request, ApiError? error) = await RequestReader.ReadAsync<MessagesRequest>(
            exchange,
            (ReadOnlyMemory<byte> body, out MessagesRequest? read) => MessagesRequestParser.Parse(body, RequestEntropy.Draw(), answers, out read));
        error ??= models.Resolve(request!.Generate, out _);
        if (error is null)
        {
            return request;
        }

        await exchange.FailAsync(error);
        return null;
    }
}
