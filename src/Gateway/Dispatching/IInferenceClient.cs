using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Threading;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Dispatching;

/// <summary>Where the dialects send their requests.</summary>
internal interface IInferenceClient
{
    /// <summary>What can be asked for now, sorted by id; replaced whole when it changes.</summary>
    ImmutableArray<ServedModel> Models { get; }

    /// <summary>How busy the model's nodes are now, as far as they have said.</summary>
    ModelLoad LoadOf(string model);

    /// <summary>Generates one request's choices somewhere in the mesh.</summary>
    /// <remarks>Yields prefill progress, token deltas, one choice end for each choice and, last and once, the generation's end.</remarks>
    /// <param name="cacheKey">Requests that say the same go to the same node where that costs little; empty: as any other.</param>
    /// <exception cref="InferenceException">The mesh could not finish the request.</exception>
    IAsyncEnumerable<NodeResponse> GenerateAsync(GenerateRequest request, string cacheKey, CancellationToken cancellationToken);
}

/// <summary>A model as the whole mesh serves it.</summary>
/// <param name="Capabilities">What some node of it does; routing finds that node.</param>
internal sealed record ServedModel(string Id, uint ContextTokens, int Nodes, int AttestedNodes, ModelCapabilities Capabilities)
{
    /// <summary>Model, template and engine build, if all nodes of the model agree on them; otherwise null.</summary>
    public string? Fingerprint { get; init; }
}

/// <summary>A request that the mesh could not finish, with the outcome that says who failed.</summary>
/// <param name="outcome">Never <see cref="InferenceOutcome.Completed"/>.</param>
/// <param name="retryAfter">When trying again makes sense, if that is known.</param>
/// <param name="detail">For people; never prompt text.</param>
internal sealed class InferenceException(InferenceOutcome outcome, TimeSpan? retryAfter = null, string? detail = null)
    : Exception($"The mesh could not finish the request: {outcome}. {detail}")
{
    public InferenceOutcome Outcome { get; } = outcome;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    public string? Detail { get; } = detail;

    /// <summary>The field at fault, by its name in the messages of the mesh; empty when none is.</summary>
    public string Param { get; init; } = "";
}
