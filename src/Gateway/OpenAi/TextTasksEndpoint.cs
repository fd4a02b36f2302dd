using System;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Mesh.Routing;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Answers what a model computes on texts without writing any: vectors, ranks, tokens.</summary>
internal sealed class TextTasksEndpoint(IInferenceClient client, ModelsEndpoint models, GenerationRelay relay)
{
    /// <summary>1. Read and parse. 2. Check what only the model can tell. 3. Ask the mesh and write the answer whole.</summary>
    public async Task HandleAsync(ApiExchange exchange, Func<JsonElement, TextTask> newTask)
    {
        (PreparedAnswer? prepared, ApiError? error) = await RequestReader.ReadAsync<PreparedAnswer>(
            exchange, (ReadOnlyMemory<byte> body, out PreparedAnswer? made) => Prepare(body, newTask, out made));
        await (error is null ? relay.AnswerAsync(exchange, prepared!) : exchange.FailAsync(error).AsTask()); // Step 3.
    }

    /// <summary>Returns what is wrong with a body, or null and what the mesh is asked.</summary>
    public ApiError? Prepare(ReadOnlyMemory<byte> body, Func<JsonElement, TextTask> newTask, out PreparedAnswer? prepared)
    {
        prepared = null;
        ApiError? error = Parse(body, newTask, out TextTask? task); // Step 1.

        // Step 2.
        if (error is null && task!.Generate.Model.Length == 0)
        {
            // Where one model of texts is served, there is no question which one is meant.
            ServedModel[] ofTexts = [.. client.Models.Where(static model => model.Capabilities != ModelCapabilities.Transcription)];
            error = task.NeedsModel || ofTexts is not [_] ? ApiError.Missing("model") : null;
            task.Generate.Model = error is null ? ofTexts[0].Id : "";
        }

        error ??= models.Resolve(task!.Generate, out _);
        if (error is not null)
        {
            return error;
        }

        MeshAnswer answer = MeshAnswer.To(task!.Generate, client) with
        {
            Rename = error => error.Param is "prompt" or "messages" ? error with { Param = task.LargeParam } : error,
        };
        prepared = new PreparedAnswer(answer, task.NewReply());
        return null;
    }

    private static ApiError? Parse(ReadOnlyMemory<byte> body, Func<JsonElement, TextTask> newTask, out TextTask? task)
    {
        task = null;
        if (JsonBody.Parse(body, out JsonDocument? document) is { } error)
        {
            return error;
        }

        using (document)
        {
            task = newTask(document!.RootElement);
            return task.Error ?? RequestSize.Check(task.Generate, task.LargeParam);
        }
    }
}
