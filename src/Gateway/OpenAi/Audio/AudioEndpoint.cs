using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Dispatch;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>Answers <c>POST /v1/audio/transcriptions</c> and <c>/v1/audio/translations</c>.</summary>
internal sealed class AudioEndpoint(IInferenceClient client, ModelsEndpoint models, GenerationRelay relay)
{
    /// <summary>What uploads of all requests may take together.</summary>
    public const long UploadBytesMax = 512 * 1024 * 1024;

    private readonly UploadBudget _budget = new(UploadBytesMax);

    /// <summary>1. Read the form. 2. Parse and check it. 3. Ask the mesh, and write the answer as it comes or whole.</summary>
    public async Task HandleAsync(ApiExchange exchange, bool translates)
    {
        // Step 1.
        using UploadedFile file = new(_budget, (int)InferenceLimits.AudioBytesMax);
        (MultipartForm? form, ApiError? error) = await MultipartForm.ReadAsync(
            exchange.Context.Request, file, InferenceLimits.AudioBytesMax, AudioErrors.TooLarge, exchange.Context.RequestAborted);

        // Step 2.
        TranscriptionRequest? request = null;
        error ??= TranscriptionRequest.TryRead(form!, file, translates, out request);
        error ??= models.Resolve(request!.Generate, out _);
        if (error is not null)
        {
            await exchange.FailAsync(error);
            return;
        }

        // Step 3.
        MeshAnswer answer = MeshAnswer.To(request!.Generate, client);
        await (request.Streams
            ? relay.StreamAsync(exchange, answer, static output => new TranscriptStream(output))
            : relay.CollectAsync(exchange, answer, new TranscriptReply(request)));
    }
}
