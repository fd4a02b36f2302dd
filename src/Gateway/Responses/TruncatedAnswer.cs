using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Responses;

/// <summary>An answer whose conversation loses its oldest turns until the model's context holds it.</summary>
/// <remarks>
/// Only the node knows how long the prompt is, so it is asked again with half as many turns: what a system says stays, and
/// so does the last turn.
/// </remarks>
internal static class TruncatedAnswer
{
    public static MeshAnswer To(GenerateRequest request, IInferenceClient client, string cacheKey) =>
        new(request.Model, (int)request.Choices, cancellationToken => GenerateAsync(request, client, cacheKey, cancellationToken));

    private static async IAsyncEnumerable<NodeResponse> GenerateAsync(
        GenerateRequest request, IInferenceClient client, string cacheKey, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            bool tooLong = false;
            await using IAsyncEnumerator<NodeResponse> answer =
                client.GenerateAsync(request, cacheKey, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                try
                {
                    if (!await answer.MoveNextAsync())
                    {
                        yield break;
                    }
                }
                catch (InferenceException e) when (e.Outcome == InferenceOutcome.ContextLengthExceeded && TryShorten(request))
                {
                    tooLong = true;
                }

                tooLong = tooLong
                    || (answer.Current.End?.Fault == InferenceFault.ContextLengthExceeded && TryShorten(request));
                if (tooLong)
                {
                    break;
                }

                yield return answer.Current;
            }
        }
    }

    /// <summary>Drops the older half of the turns, and results whose calls went with them; false when there is nothing to drop.</summary>
    internal static bool TryShorten(GenerateRequest request)
    {
        List<ChatMessage> turns = [.. request.Messages.Where(static message => message.Role != "system")];
        if (turns.Count < 2)
        {
            return false;
        }

        int dropped = turns.Count / 2;
        while (dropped < turns.Count - 1 && turns[dropped].Role == "tool")
        {
            dropped++;
        }

        HashSet<ChatMessage> gone = new(turns[..dropped], ReferenceEqualityComparer.Instance);
        List<ChatMessage> left = [.. request.Messages.Where(message => !gone.Contains(message))];
        request.Messages.Clear();
        request.Messages.AddRange(left);
        return true;
    }
}
