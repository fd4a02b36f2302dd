using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.Dispatching;

/// <summary>What dispatching tells the operator; never a prompt, an answer or what a peer says in words.</summary>
internal static partial class DispatchingLog
{
    [LoggerMessage(1, LogLevel.Debug, "The session with node {Node} is over: {Reason}")]
    public static partial void SessionOver(ILogger log, PeerId node, string reason);

    [LoggerMessage(2, LogLevel.Debug, "Node {Node} doesn't answer at {Endpoint}")]
    public static partial void EndpointSilent(ILogger log, PeerId node, PathAddress endpoint);

    [LoggerMessage(3, LogLevel.Debug, "The directory is no longer followed")]
    public static partial void DirectoryLeft(ILogger log);

    [LoggerMessage(4, LogLevel.Warning, "Node {Node} broke the inference protocol: {Violation}")]
    public static partial void Violated(ILogger log, PeerId node, ResponseViolation violation);

    [LoggerMessage(6, LogLevel.Information, "Node {Node} fell silent in the middle of a request")]
    public static partial void Suspected(ILogger log, PeerId node);

    [LoggerMessage(5, LogLevel.Debug, "A request ended as {Outcome} after {Offers} offers; {Exposure} machines saw its prompt")]
    public static partial void Ended(ILogger log, InferenceOutcome outcome, int offers, int exposure);
}
