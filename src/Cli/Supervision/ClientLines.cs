using System;
using System.Text.Json.Nodes;

namespace Darkbloom.Cli.Supervision;

/// <summary>Command lines that reach a gateway with other people's programs, ready to be pasted.</summary>
internal sealed record ClientLines(string Gateway, string ApiKey, string Model)
{
    /// <summary>The version of the npm package <c>openai</c> that the end-to-end tests use too.</summary>
    public const string OpenAiPackage = "openai@7.55.0";

    private const string Question = "What is the capital of Japan?";

    public string Curl =>
        $"curl -N {Quote(Gateway + "/v1/chat/completions")} -H {Quote("Authorization: Bearer " + ApiKey)} "
        + $"-H 'Content-Type: application/json' -d {Quote(Request())}";

    /// <summary>The official client, installed into a scratch directory that is removed again.</summary>
    public string OpenAiClient
    {
        get
        {
            string program = "import OpenAI from \"openai\"; "
                + $"for await (const chunk of await new OpenAI().chat.completions.create({Request()})) "
                + "process.stdout.write(chunk.choices[0]?.delta?.content ?? \"\"); console.log()";
            return "(d=$(mktemp -d) && cd \"$d\" && npm install --silent " + OpenAiPackage
                + $" && OPENAI_BASE_URL={Quote(Gateway + "/v1")} OPENAI_API_KEY={Quote(ApiKey)} node --input-type=module -e {Quote(program)}; rm -rf \"$d\")";
        }
    }

    /// <summary>Leaves the API key out.</summary>
    public override string ToString() => $"client lines for {Gateway}";

    private string Request() => new JsonObject
    {
        ["model"] = Model,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = Question }),
        ["temperature"] = 0,
        ["stream"] = true,
    }.ToJsonString();

    /// <summary>One word for a POSIX shell, whatever is in it.</summary>
    private static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
