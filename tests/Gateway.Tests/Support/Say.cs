using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Tests.Support;

/// <summary>What a node says, in short.</summary>
internal static class Say
{
    public static NodeResponse Prefill(uint done, uint total) =>
        new() { Prefill = new PrefillProgress { TokensDone = done, TokensTotal = total } };

    public static NodeResponse Text(string content, uint choice = 0) =>
        new() { Delta = new TokenDelta { Choice = choice, Content = content } };

    public static NodeResponse Thought(string reasoning) => new() { Delta = new TokenDelta { Reasoning = reasoning } };

    public static NodeResponse Call(uint index, string id, string name, string arguments)
    {
        TokenDelta delta = new();
        delta.ToolCalls.Add(new ToolCallDelta { Index = index, Id = id, Name = name, Arguments = arguments });
        return new NodeResponse { Delta = delta };
    }

    public static NodeResponse Vector(uint index, params float[] values) =>
        new() { Embedding = new Embedding { Index = index, Values = { values } } };

    public static NodeResponse Chance(string content, params TokenChance[] chances) =>
        new() { Delta = new TokenDelta { Content = content, Chances = { chances } } };

    public static NodeResponse Stop(uint choice = 0, FinishReason reason = FinishReason.Stop) =>
        new() { ChoiceEnd = new ChoiceEnd { Choice = choice, Reason = reason } };

    public static NodeResponse End(uint prompt = 7, uint completion = 3) => new()
    {
        End = new GenerationEnd
        {
            Fingerprint = "fp_node",
            Usage = new Usage { PromptTokens = prompt, CachedPromptTokens = 2, CompletionTokens = completion, ReasoningTokens = 1 },
        },
    };

    public static NodeResponse Fault(InferenceFault fault, string detail = "") =>
        new() { End = new GenerationEnd { Fault = fault, Detail = detail } };
}
