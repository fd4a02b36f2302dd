using System;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>The rules for a prompt's values that hold for every model and engine (docs/protocol.md, section 8).</summary>
public static class PromptRules
{
    /// <summary>What is wrong with a prompt, naming the field and never its value; null when it obeys.</summary>
    public static string? Violation(GenerateRequest prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (prompt.Messages.Count == 0)
        {
            return "messages is empty";
        }

        if (prompt.Stop.Count > InferenceLimits.StopsMax)
        {
            return "stop holds more than 4 strings";
        }

        foreach (string stop in prompt.Stop)
        {
            if (stop.Length == 0)
            {
                return "stop holds an empty string";
            }
        }

        foreach (ChatMessage message in prompt.Messages)
        {
            if (message.Role is not ("system" or "developer" or "user" or "assistant" or "tool"))
            {
                return "messages holds an unknown role";
            }
        }

        return prompt.Sampling switch
        {
            null => "sampling is missing",
            { Temperature: not (>= 0 and <= 2) } => "temperature is not within 0 and 2",
            { TopP: not (> 0 and <= 1) } => "top_p is not above 0 and at most 1",
            { TopK: < 0 } => "top_k is negative",
            { MinP: not (>= 0 and <= 1) } => "min_p is not within 0 and 1",
            { FrequencyPenalty: not (>= -2 and <= 2) } => "frequency_penalty is not within -2 and 2",
            { PresencePenalty: not (>= -2 and <= 2) } => "presence_penalty is not within -2 and 2",
            _ => null,
        };
    }
}
