using Darkbloom.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Node.Serving;

/// <summary>What serving tells the owner; never a prompt, an answer or what a peer says in words.</summary>
internal static partial class ServingLog
{
    [LoggerMessage(1, LogLevel.Warning, "Gateway {Peer} broke the inference protocol")]
    public static partial void Violated(ILogger log, PeerId peer);

    [LoggerMessage(2, LogLevel.Error, "The engine failed: {Kind}")]
    public static partial void EngineFailed(ILogger log, string kind);

    [LoggerMessage(3, LogLevel.Warning, "Peer {Peer} was turned away: its ticket names no gateway")]
    public static partial void NotPermitted(ILogger log, PeerId peer);

    [LoggerMessage(4, LogLevel.Warning, "Gateway {Peer} was turned away: too many sessions")]
    public static partial void TooManySessions(ILogger log, PeerId peer);

    [LoggerMessage(5, LogLevel.Debug, "No more sessions are accepted")]
    public static partial void StoppedAccepting(ILogger log);

    [LoggerMessage(6, LogLevel.Debug, "The session with gateway {Peer} is over")]
    public static partial void SessionOver(ILogger log, PeerId peer);

    [LoggerMessage(7, LogLevel.Debug, "A stream of gateway {Peer} is over")]
    public static partial void StreamOver(ILogger log, PeerId peer);

    [LoggerMessage(8, LogLevel.Information, "Node {Peer} serves {Model} at {EndPoint} with {Slots} slots")]
    public static partial void Serving(ILogger log, PeerId peer, string model, System.Net.IPEndPoint endPoint, int slots);

    [LoggerMessage(9, LogLevel.Information, "Node {Peer} drains: {Requests} requests are running")]
    public static partial void Draining(ILogger log, PeerId peer, int requests);
}
