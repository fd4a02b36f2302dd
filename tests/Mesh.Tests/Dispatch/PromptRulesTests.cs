using System;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Dispatch;

public sealed class PromptRulesTests
{
    [Fact]
    public void Values_at_their_limits_are_allowed()
    {
        Assert.Null(PromptRules.Violation(Prompts.Valid()));
        Assert.Null(Violation(static s => (s.Temperature, s.TopP) = (0, float.Epsilon)));
        Assert.Null(Violation(static s => (s.Temperature, s.TopP) = (2, 1)));
        Assert.Null(Violation(static s => (s.FrequencyPenalty, s.PresencePenalty, s.MinP) = (-2, 2, 1)));
        Assert.Null(PromptRules.Violation(Prompts.Valid(static p => p.Stop.AddRange(["a", "b", "c", "d"]))));
    }

    [Fact]
    public void Each_value_beyond_its_limit_is_named()
    {
        Assert.Contains("temperature", Violation(static s => s.Temperature = 2.01f), StringComparison.Ordinal);
        Assert.Contains("temperature", Violation(static s => s.Temperature = float.NaN), StringComparison.Ordinal);
        Assert.Contains("temperature", Violation(static s => s.Temperature = -0.01f), StringComparison.Ordinal);
        Assert.Contains("top_p", Violation(static s => s.TopP = 0), StringComparison.Ordinal);
        Assert.Contains("top_p", Violation(static s => s.TopP = 1.01f), StringComparison.Ordinal);
        Assert.Contains("top_k", Violation(static s => s.TopK = -1), StringComparison.Ordinal);
        Assert.Contains("min_p", Violation(static s => s.MinP = 1.01f), StringComparison.Ordinal);
        Assert.Contains("frequency", Violation(static s => s.FrequencyPenalty = -2.01f), StringComparison.Ordinal);
        Assert.Contains("presence", Violation(static s => s.PresencePenalty = 2.01f), StringComparison.Ordinal);
        Assert.NotNull(PromptRules.Violation(Prompts.Valid(static p => p.Sampling = null)));
        Assert.NotNull(PromptRules.Violation(Prompts.Valid(static p => p.Messages.Clear())));
        Assert.NotNull(PromptRules.Violation(Prompts.Valid(static p => p.Messages[0].Role = "root")));
        Assert.NotNull(PromptRules.Violation(Prompts.Valid(static p => p.Stop.Add(""))));
        Assert.NotNull(PromptRules.Violation(Prompts.Valid(static p => p.Stop.AddRange(["a", "b", "c", "d", "e"]))));
    }

    private static string? Violation(Action<Sampling> change) =>
        PromptRules.Violation(Prompts.Valid(prompt => change(prompt.Sampling)));
}
