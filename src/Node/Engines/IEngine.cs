using System;
using System.Collections.Generic;
using System.Threading;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines;

/// <summary>Turns a request into tokens; the enumerator's pace is the backpressure.</summary>
public interface IEngine : IAsyncDisposable
{
    EngineModel Model { get; }

    /// <summary>Observed speeds; zero until something was measured.</summary>
    EngineSpeed Speed { get; }

    /// <summary>Generates one request's choices.</summary>
    /// <remarks>
    /// Yields prefill progress, token deltas, one choice end for each choice and, last and once, the generation's end.
    /// What goes wrong is the end's fault, never an exception; cancelling frees the slots within a few tokens.
    /// </remarks>
    IAsyncEnumerable<NodeResponse> GenerateAsync(GenerateRequest request, CancellationToken cancellationToken);
}

/// <summary>The model that an engine has loaded.</summary>
/// <param name="Card">What the mesh is told: id, hash, context in tokens, fingerprint.</param>
/// <param name="Slots">How many choices are decoded at once.</param>
public sealed record EngineModel(ModelCard Card, int Slots)
{
    /// <summary>Text beyond which no prompt fits the context, whatever its tokens are.</summary>
    public uint TextBytesMax { get; init; } = uint.MaxValue;

    /// <summary>Size of an audio file; 0: the model hears nothing.</summary>
    public uint AudioBytesMax { get; init; }

    /// <summary>Requests that may wait, at most: what waits lies in memory.</summary>
    public int QueueMax { get; init; } = int.MaxValue;
}

/// <summary>Tokens per second as last observed.</summary>
public readonly record struct EngineSpeed(float PrefillTokensPerSecond, float DecodeTokensPerSecond);
