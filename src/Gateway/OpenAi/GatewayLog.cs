using System;
using Darkbloom.Mesh.Dispatch;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>The lines that the HTTP edge logs. None holds a key, a prompt, an answer, or a path as the client wrote it.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {Address}")]
    public static partial void Listening(ILogger log, Uri address);

    [LoggerMessage(2, LogLevel.Information, "{RequestId} {Route} {Status} in {Milliseconds} ms, outcome {Outcome}")]
    public static partial void RequestHandled(
        ILogger log, string requestId, string route, int status, long milliseconds, InferenceOutcome? outcome);

    [LoggerMessage(3, LogLevel.Error, "{RequestId} {Route} failed unexpectedly")]
    public static partial void RequestFailed(ILogger log, Exception exception, string requestId, string route);

    [LoggerMessage(4, LogLevel.Information, "Stopping: open requests may go on for {Seconds} s")]
    public static partial void Draining(ILogger log, double seconds);

    [LoggerMessage(5, LogLevel.Error, "Batch {BatchId} met an error")]
    public static partial void BatchFailed(ILogger log, Exception exception, string batchId);
}
