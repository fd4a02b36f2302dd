using System;
using System.Linq;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Mesh.Dispatch;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

public sealed class OutcomeErrorsTests
{
    [Theory]
    [InlineData(InferenceOutcome.ClientGone, 499, "client_closed_request", null, null)]
    [InlineData(InferenceOutcome.ModelNotFound, 404, "model_not_found", "model", null)]
    [InlineData(InferenceOutcome.ContextLengthExceeded, 400, "context_length_exceeded", "messages", null)]
    [InlineData(InferenceOutcome.InvalidRequest, 400, "invalid_request", null, null)]
    [InlineData(InferenceOutcome.NoCapacity, 503, "no_capacity", null, 1)]
    [InlineData(InferenceOutcome.NoNodeReachable, 503, "no_node_reachable", null, 2)]
    [InlineData(InferenceOutcome.DeadlineExceeded, 504, "deadline_exceeded", null, null)]
    [InlineData(InferenceOutcome.PeerLost, 502, "peer_lost", null, null)]
    [InlineData(InferenceOutcome.EngineFailed, 500, "engine_failed", null, null)]
    [InlineData(InferenceOutcome.ProtocolViolation, 502, "protocol_violation", null, null)]
    internal void Each_outcome_has_its_status(InferenceOutcome outcome, int status, string code, string? param, int? retrySeconds)
    {
        ApiError error = OutcomeErrors.Describe(new InferenceException(outcome), "m");
        Assert.Equal((status, code, param), (error.Status, error.Code, error.Param));
        Assert.Equal(retrySeconds, (int?)error.RetryAfter?.TotalSeconds);
        Assert.Equal(status < 500 ? "invalid_request_error" : "server_error", error.Type);
    }

    [Fact]
    public void No_outcome_but_success_is_without_a_status()
    {
        foreach (InferenceOutcome outcome in Enum.GetValues<InferenceOutcome>().Except([InferenceOutcome.Completed]))
        {
            Assert.InRange(OutcomeErrors.Describe(new InferenceException(outcome), "m").Status, 400, 599);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => OutcomeErrors.Describe(new InferenceException(InferenceOutcome.Completed), "m"));
    }

    [Fact]
    public void The_mesh_may_say_when_to_retry() =>
        Assert.Equal(
            TimeSpan.FromSeconds(9),
            OutcomeErrors.Describe(new InferenceException(InferenceOutcome.NoCapacity, TimeSpan.FromSeconds(9)), "m").RetryAfter);

    [Theory]
    [InlineData(OutcomeErrors.DetailCharsMax - 1, OutcomeErrors.DetailCharsMax - 1)]
    [InlineData(OutcomeErrors.DetailCharsMax, OutcomeErrors.DetailCharsMax)]
    [InlineData(OutcomeErrors.DetailCharsMax + 1, OutcomeErrors.DetailCharsMax)]
    public void A_nodes_words_are_passed_on_to_a_limit(int length, int passed)
    {
        InferenceException failure = new(InferenceOutcome.InvalidRequest, null, new string('§', length));
        Assert.Equal(passed, OutcomeErrors.Describe(failure, "m").Message.Count(c => c == '§'));
    }
}
