using System;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Mesh.Tests.Dispatch;

/// <summary>Prompts for tests: one that obeys every rule, and changes to it.</summary>
internal static class Prompts
{
    public static GenerateRequest Valid(Action<GenerateRequest>? change = null)
    {
        GenerateRequest prompt = new()
        {
            RequestId = ByteString.CopyFrom(new byte[InferenceLimits.RequestIdBytes]),
            Model = "tiny",
            OutputTokensMax = 10,
            Choices = 2,
            Sampling = new Sampling { Temperature = 1, TopP = 1 },
        };
        prompt.Messages.Add(new ChatMessage { Role = "user", Content = "hello" });
        change?.Invoke(prompt);
        return prompt;
    }
}
