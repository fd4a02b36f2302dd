using System.Net;
using System.Net.Sockets;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Every line that the host logs; none has room for a payload, a key or a ticket.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(1, LogLevel.Information, "Peer {Peer} listens on {Address}")]
    public static partial void Started(ILogger log, PeerId peer, IPEndPoint address);

    [LoggerMessage(2, LogLevel.Information, "Peer {Peer} stopped")]
    public static partial void Stopped(ILogger log, PeerId peer);

    [LoggerMessage(3, LogLevel.Information, "Connected to {Peer} at {Address}")]
    public static partial void SessionOpened(ILogger log, PeerId peer, PathAddress address);

    [LoggerMessage(4, LogLevel.Information, "Accepted {Peer} from {Address}")]
    public static partial void SessionAccepted(ILogger log, PeerId peer, PathAddress address);

    [LoggerMessage(5, LogLevel.Information, "Session with {Peer} ended: {Error}, code {Code}")]
    public static partial void SessionClosed(ILogger log, PeerId peer, MeshError error, ulong code);

    [LoggerMessage(6, LogLevel.Information, "Connecting failed: {Failure}, code {Code}")]
    public static partial void ConnectFailed(ILogger log, ConnectFailure failure, ulong code);

    [LoggerMessage(7, LogLevel.Warning, "Refused a session of {Peer}: nobody accepts sessions fast enough")]
    public static partial void SessionRefused(ILogger log, PeerId peer);

    [LoggerMessage(8, LogLevel.Warning, "Refused a stream of {Peer}: nobody accepts its streams fast enough")]
    public static partial void StreamRefused(ILogger log, PeerId peer);

    [LoggerMessage(9, LogLevel.Debug, "A datagram was not sent: {Error}")]
    public static partial void SendDropped(ILogger log, SocketError error);

    [LoggerMessage(10, LogLevel.Warning, "The socket keeps failing to receive: {Error}")]
    public static partial void ReceiveFailing(ILogger log, SocketError error);

    [LoggerMessage(11, LogLevel.Warning,
        "The system grants a receive buffer of {Granted} bytes where {Asked} were asked for: bursts will be lost")]
    public static partial void SmallReceiveBuffer(ILogger log, int granted, int asked);

    [LoggerMessage(12, LogLevel.Error, "Thread {Name} did not end in time and was left behind")]
    public static partial void ThreadLeftBehind(ILogger log, string name);

    // An exception's message may quote what was being worked on; its type and the methods it passed can't.
    [LoggerMessage(13, LogLevel.Error, "The peer's own code failed ({Type}), which ends one session at most: {Trace}")]
    public static partial void Faulted(ILogger log, string type, string? trace);

    [LoggerMessage(14, LogLevel.Information, "The way out of {Address} takes one datagram a call, not many")]
    public static partial void RunsRefused(ILogger log, IPEndPoint address);

    [LoggerMessage(15, LogLevel.Information, "IPv6 is not to be had here ({Error}): IPv4 serves alone")]
    public static partial void WithoutIPv6(ILogger log, SocketError error);
}
