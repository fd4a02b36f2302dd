using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>An answer that the mesh will give once it is asked.</summary>
/// <param name="Model">As the client may know it.</param>
/// <param name="Choices">How many choices the messages tell of.</param>
internal sealed record MeshAnswer(
    string Model, int Choices, Func<CancellationToken, IAsyncEnumerable<NodeResponse>> Generate)
{
    /// <summary>Puts the dialect's own name of a field in an error that has the chat's.</summary>
    public Func<ApiError, ApiError> Rename { get; init; } = static error => error;

    /// <param name="cacheKey">What the client says belongs together, or empty.</param>
    public static MeshAnswer To(GenerateRequest request, IInferenceClient client, string cacheKey = "") =>
        new(request.Model, (int)request.Choices, cancellationToken => client.GenerateAsync(request, cacheKey, cancellationToken));

    /// <summary>The answers to several requests as one: each in its turn, choices numbered through, tokens added up.</summary>
    public static MeshAnswer ToAll(IReadOnlyList<GenerateRequest> requests, IInferenceClient client, string cacheKey) =>
        requests.Count == 1
            ? To(requests[0], client, cacheKey)
            : new(
                requests[0].Model,
                (int)requests[0].Choices * requests.Count,
                cancellationToken => AskInTurnAsync(requests, client, cacheKey, cancellationToken));

    private static async IAsyncEnumerable<NodeResponse> AskInTurnAsync(
        IReadOnlyList<GenerateRequest> requests, IInferenceClient client, string cacheKey, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Usage total = new();
        for (int index = 0; index < requests.Count; index++)
        {
            uint first = (uint)index * requests[index].Choices;
            await foreach (NodeResponse response in client.GenerateAsync(requests[index], cacheKey, cancellationToken))
            {
                switch (response.BodyCase)
                {
                    case NodeResponse.BodyOneofCase.Delta:
                        response.Delta.Choice += first;
                        break;
                    case NodeResponse.BodyOneofCase.ChoiceEnd:
                        response.ChoiceEnd.Choice += first;
                        break;
                    case NodeResponse.BodyOneofCase.End when response.End.Fault == InferenceFault.None:
                        Add(total, response.End.Usage);
                        response.End.Usage = total;
                        if (index < requests.Count - 1)
                        {
                            continue;
                        }

                        break;
                }

                yield return response;
            }
        }
    }

    private static void Add(Usage total, Usage? usage)
    {
        total.PromptTokens += usage?.PromptTokens ?? 0;
        total.CachedPromptTokens += usage?.CachedPromptTokens ?? 0;
        total.CompletionTokens += usage?.CompletionTokens ?? 0;
        total.ReasoningTokens += usage?.ReasoningTokens ?? 0;
    }
}
