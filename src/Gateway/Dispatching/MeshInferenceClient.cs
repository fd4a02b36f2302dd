using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.Dispatching;

/// <summary>Answers requests from the mesh: it only awaits, and <see cref="Dispatch"/> decides.</summary>
/// <param name="prngs">Makes each request's source of chance.</param>
internal sealed class MeshInferenceClient(
    NodeConnections connections, DispatchPolicy policy, Func<Prng> prngs, ILoggerFactory loggers) : IInferenceClient
{
    private readonly ILogger _log = loggers.CreateLogger<MeshInferenceClient>();

    public ImmutableArray<ServedModel> Models => connections.Models;

    public ModelLoad LoadOf(string model) => connections.LoadOf(model);

    /// <summary>Generates one request's choices on one node, after as many others as it takes.</summary>
    /// <remarks>
    /// 1. The prompt's sizes become an offer; a prompt that no node could take ends here.
    /// 2. <see cref="Dispatch"/> chooses a node.
    /// 3. A stream to that node is opened and the offer sent.
    /// 4. The node accepts, or it refuses and step 2 follows.
    /// 5. The prompt is sent.
    /// 6. Each message is read under the dispatch's deadline, judged by <see cref="ResponseReader"/>, then handed to the
    ///    dispatch: a fault before the first token leads back to step 2, one after it ends the request.
    /// 7. Progress, deltas and ends go to the caller, whose pace is the node's pace.
    /// 8. The stream is reset unless the generation ended, so that the node stops.
    /// </remarks>
    /// <exception cref="InferenceException">The mesh could not finish the request.</exception>
    /// <exception cref="OperationCanceledException">The caller left; the node was told to stop.</exception>
    public async IAsyncEnumerable<NodeResponse> GenerateAsync(
        GenerateRequest request, string cacheKey, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);

        // Step 1.
        if (!OfferTerms.TryOffer(request, out OfferTerms offer))
        {
            throw new InferenceException(
                request.CalculateSize() > InferenceLimits.PromptBytesMax
                    ? InferenceOutcome.ContextLengthExceeded
                    : InferenceOutcome.InvalidRequest);
        }

        await using InferenceExchange exchange = new(connections, policy, prngs(), request, cacheKey, offer, _log);
        exchange.Start(); // Step 2.
        while (await exchange.NextAsync(cancellationToken) is { } response)
        {
            yield return response; // Step 7.
        }
    }
}
