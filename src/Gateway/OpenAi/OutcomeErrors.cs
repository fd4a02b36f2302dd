using System;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Dispatch;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>The one place where the mesh's outcomes become HTTP.</summary>
/// <remarks>4xx: the client must change its request. 503 and 504: the same request may succeed later. 500 and 502: a node failed.</remarks>
internal static class OutcomeErrors
{
    /// <summary>What nginx calls a client that closed the connection; it is counted, never sent.</summary>
    public const int ClientGoneStatus = 499;

    /// <summary>How much of a node's own words is passed on.</summary>
    public const int DetailCharsMax = 300;

    private static readonly TimeSpan CapacityRetry = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ReachabilityRetry = TimeSpan.FromSeconds(2);

    public static ApiError Describe(InferenceException failure, string model) => failure.Outcome switch
    {
        InferenceOutcome.ClientGone =>
            new(ClientGoneStatus, "The client closed the connection.", ApiError.InvalidRequestType, null, "client_closed_request"),
        InferenceOutcome.ModelNotFound => ApiError.ModelNotFound(model),
        InferenceOutcome.ContextLengthExceeded => ApiError.Invalid(
            WithDetail("The request and its answer do not fit the model's context length. Shorten the request or lower the limit of tokens.", failure.Detail),
            "messages",
            "context_length_exceeded"),
        InferenceOutcome.InvalidRequest => ApiError.Invalid(
            WithDetail("The model cannot do what the request asks for.", failure.Detail), ClientParam(failure.Param), "invalid_request"),
        InferenceOutcome.NoCapacity => Server(
            503, "Every node that serves the model is busy. Try again later.", "no_capacity", failure.RetryAfter ?? CapacityRetry),
        InferenceOutcome.NoNodeReachable => Server(
            503, "No node that serves the model can be reached. Try again later.", "no_node_reachable", failure.RetryAfter ?? ReachabilityRetry),
        InferenceOutcome.DeadlineExceeded => Server(
            504, "No node wrote a first token in time.", "deadline_exceeded", failure.RetryAfter),
        InferenceOutcome.PeerLost => Server(
            502, "The connection to the node that answered was lost.", "peer_lost", failure.RetryAfter),
        InferenceOutcome.EngineFailed => Server(
            500, "The node's engine failed.", "engine_failed", failure.RetryAfter),
        InferenceOutcome.ProtocolViolation => Server(
            502, "The node that answered broke the inference protocol.", "protocol_violation", failure.RetryAfter),
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure.Outcome, "A completed request has no error."),
    };

    /// <summary>The client's name of a field; null when the node names none that clients know.</summary>
    private static string? ClientParam(string param) => param switch
    {
        "response_schema_json" => "response_format",
        "audio" => "file",
        "messages" or "tools" or "tool_choice" or "logit_bias" or "prompt" or "suffix" or "input" or "reasoning_effort" or "language"
            or "temperature" => param,
        _ => null,
    };

    private static ApiError Server(int status, string message, string code, TimeSpan? retryAfter) =>
        new(status, message, ApiError.ServerErrorType, null, code, retryAfter);

    private static string WithDetail(string message, string? detail)
    {
        if (string.IsNullOrEmpty(detail))
        {
            return message;
        }

        int length = Math.Min(detail.Length, DetailCharsMax);
        if (char.IsHighSurrogate(detail[length - 1]))
        {
            length--;
        }

        return $"{message} ({detail.AsSpan(0, length)})";
    }
}
