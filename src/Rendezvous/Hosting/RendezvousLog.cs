using System;
using System.Net;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Rendezvous.Hosting;

internal static partial class RendezvousLog
{
    [LoggerMessage(1, LogLevel.Information, "The rendezvous of {Network} listens on {Address} with {Enrolled} enrolled peers")]
    public static partial void Started(ILogger logger, string network, IPEndPoint address, int enrolled);

    [LoggerMessage(2, LogLevel.Information, "Answered {Request} of {Peer} with {Response}")]
    public static partial void Answered(
        ILogger logger, RendezvousRequest.BodyOneofCase request, PeerId peer, RendezvousResponse.BodyOneofCase response);

    [LoggerMessage(3, LogLevel.Warning, "Refused {Request} of {Peer}: {Code}, {Detail}")]
    public static partial void Refused(
        ILogger logger, RendezvousRequest.BodyOneofCase request, PeerId peer, RendezvousErrorCode code, string detail);

    [LoggerMessage(4, LogLevel.Debug, "A stream of {Peer} ended early: {Reason}")]
    public static partial void StreamFailed(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(5, LogLevel.Critical, "The ticket journal can't be written: no ticket is issued any more")]
    public static partial void JournalFailed(ILogger logger, Exception cause);

    [LoggerMessage(6, LogLevel.Warning, "The path {Directory} is too long for a control socket: peers can be revoked only while the rendezvous is stopped")]
    public static partial void NoControl(ILogger logger, string directory);
}
