using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Routing;

/// <summary>What one request tells the routes: each attempt is asked once and ends once.</summary>
/// <param name="Refusal">Why, when <paramref name="Kind"/> is <see cref="RouteNoteKind.Refused"/>.</param>
/// <param name="Speed">What was seen, when <paramref name="Kind"/> is <see cref="RouteNoteKind.Served"/>.</param>
public readonly record struct RouteNote(
    RouteNoteKind Kind, PeerId Node, string Model, RefusalReason Refusal = default, RouteSpeed Speed = default);

/// <summary>The kinds of <see cref="RouteNote"/>.</summary>
public enum RouteNoteKind
{
    /// <summary>The request's first attempt began: it earns a share of a retry.</summary>
    Asked,

    /// <summary>Another attempt began because a node refused: it costs nothing, no node saw the prompt for nothing.</summary>
    Rerouted,

    /// <summary>Another attempt began because a node failed: it costs one retry.</summary>
    Retried,

    /// <summary>Another attempt began because a node failed in mid-answer: it costs nothing, half an answer is worth its other half.</summary>
    Resumed,

    /// <summary>The attempt ended: the node said no.</summary>
    Refused,

    /// <summary>The attempt ended: no session with the node came about, or it didn't answer the offer.</summary>
    Unreachable,

    /// <summary>The attempt ended: the node accepted and then served nothing.</summary>
    Wedged,

    /// <summary>The attempt ended: the session or the stream broke.</summary>
    Lost,

    /// <summary>The attempt ended: the node broke the inference protocol.</summary>
    Violated,

    /// <summary>The attempt ended: the node's engine failed.</summary>
    EngineFailed,

    /// <summary>The attempt ended: the node is on its way out.</summary>
    Drained,

    /// <summary>The attempt ended as it should.</summary>
    Served,

    /// <summary>The attempt ended without a fault of the node: the client left, or its request can't be served.</summary>
    Abandoned,
}
