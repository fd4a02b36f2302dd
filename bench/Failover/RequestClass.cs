using System.Collections.Generic;
using System.Globalization;

namespace Darkbloom.Bench.Failover;

/// <summary>A kind of request whose answer must survive its node, as the part of a chat request that makes it so.</summary>
internal sealed record RequestClass(string Name, string Fields)
{
    private const string Numbers = """{"type":"array","items":{"type":"integer"},"minItems":40,"maxItems":60}""";

    public static IReadOnlyList<RequestClass> All { get; } =
    [
        new("greedy", "\"temperature\":0"),
        new("sampled", "\"temperature\":1,\"top_p\":0.95"),
        new("penalties", "\"temperature\":1,\"frequency_penalty\":0.8,\"presence_penalty\":0.4"),
        new("stop strings", "\"temperature\":1,\"stop\":[\"77 w7\",\"404\"]"),
        new("JSON schema", $$$$"""
            "temperature":1,"response_format":{"type":"json_schema","json_schema":{"name":"list","strict":true,"schema":
            {"type":"object","properties":{"values":{{{{Numbers}}}}},"required":["values"],"additionalProperties":false}}}
            """),
        new("tool call", $$$$"""
            "temperature":1,"tool_choice":"required","tools":[{"type":"function","function":{"name":"store","parameters":
            {"type":"object","properties":{"values":{{{{Numbers}}}}},"required":["values"]}}}]
            """)
        { IsStreamed = false },
        new("chances", "\"temperature\":1,\"logprobs\":true,\"top_logprobs\":2"),
        new("two choices", "\"temperature\":1,\"n\":2"),
    ];

    /// <summary>Whether tokens are told as they are drawn; the random model's calls are told once they are whole.</summary>
    public bool IsStreamed { get; init; } = true;

    /// <summary>The body of a streamed request; equal arguments make equal requests.</summary>
    public string Body(string model, int seed, int tokensMax) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Tell me about the number {{seed}}."}],"max_tokens":{{tokensMax}},"seed":{{seed}},"stream":true,{{Fields.ReplaceLineEndings("")}}}""");
}
