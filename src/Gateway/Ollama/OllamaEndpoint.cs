using System;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Answers <c>POST /api/chat</c> and <c>POST /api/generate</c>.</summary>
internal sealed class OllamaEndpoint(IInferenceClient client, ModelsEndpoint models, GenerationRelay relay, TimeProvider time)
{
    public Task ChatAsync(ApiExchange exchange) => HandleAsync(exchange, static entropy => new OllamaChatParser(entropy), isChat: true);

    public Task GenerateAsync(ApiExchange exchange) => HandleAsync(exchange, static entropy => new OllamaGenerateParser(entropy), isChat: false);

    /// <summary>1. Read the body, parse it, check what only the served model can tell. 2. Generate, as lines or whole.</summary>
    private async Task HandleAsync(ApiExchange exchange, Func<RequestEntropy, OllamaRequestParser> newParser, bool isChat)
    {
        // Step 1.
        (OllamaRequest? request, ApiError? error) = await RequestReader.ReadAsync<OllamaRequest>(
            exchange,
            (ReadOnlyMemory<byte> body, out OllamaRequest? read) => OllamaRequestParser.Parse(body, newParser(RequestEntropy.Draw()), out read));
        string name = request?.Generate.Model ?? "";
        if (error is null)
        {
            request!.Generate.Model = OllamaNames.Resolve(name, models);
            error = models.Resolve(request.Generate, out ServedModel? model)
                ?? (model is null ? ApiError.ModelNotFound(name) : null);
        }

        if (error is not null)
        {
            await exchange.FailAsync(error);
            return;
        }

        // Step 2. The answer has the name that the client knows.
        OllamaAnswer answer = new(name, isChat, time, () => exchange.Elapsed);
        if (request!.IsLoad)
        {
            await WriteLoadedAsync(exchange, answer);
            return;
        }

        MeshAnswer mesh = MeshAnswer.To(request.Generate, client);
        await (request.IsStreamed
            ? relay.StreamAsync(exchange, mesh, output => new OllamaLineWriter(output, answer))
            : relay.CollectAsync(exchange, mesh, new OllamaReply(answer)));
    }

    private static async Task WriteLoadedAsync(ApiExchange exchange, OllamaAnswer answer) =>
        await ApiResponses.WriteJsonAsync(exchange, 200, answer, static (json, loaded) =>
        {
            json.WriteStartObject();
            loaded.WriteHeader(json);
            loaded.WriteWords(json, "", "", []);
            json.WriteBoolean("done"u8, true);
            json.WriteString("done_reason"u8, "load"u8);
            json.WriteEndObject();
        });
}
