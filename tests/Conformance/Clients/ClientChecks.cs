using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Conformance.Scores;
using Darkbloom.EndToEnd.Tests;

namespace Darkbloom.Conformance.Clients;

/// <summary>Operations of one official npm client, run by Node in a process of its own; each checks its own answer.</summary>
/// <param name="url">What OpenAI's clients call the base URL; it ends in /v1.</param>
public sealed class ClientChecks(string url, string apiKey, string model)
{
    private static readonly string Script = Path.Combine(Launcher.Root, "tests", "EndToEnd.Tests", "clients", "checks.mjs");

    /// <summary>The clients, by the names of their files.</summary>
    public static ImmutableArray<string> Clients { get; } = ["openai", "anthropic", "ollama", "ai-sdk", "langchain", "agents"];

    public async Task<ScoreRow> RunAsync(string client)
    {
        ProcessStartInfo start = new("node", [Script, client, url, apiKey, model])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process node = Process.Start(start)!;
        Task<string> error = node.StandardError.ReadToEndAsync();
        string output = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync().WaitAsync(MeshProcess.PatienceMax);
        List<string> failures = [];
        int count = 0;
        foreach (string line in output.Split('\n').Where(static line => line.StartsWith("{\"client\"", StringComparison.Ordinal)))
        {
            count++;
            using JsonDocument result = JsonDocument.Parse(line);
            if (result.RootElement.GetProperty("failure").GetString() is { } failure)
            {
                failures.Add($"{client} {result.RootElement.GetProperty("operation").GetString()}: {failure}");
            }
        }

        if (node.ExitCode != 0 || count == 0)
        {
            failures.Add($"{client} ended with {node.ExitCode} after {count} operations: {await error}");
        }

        return new ScoreRow($"client {client}", count - Math.Min(count, failures.Count), failures.Count, 1, ImmutableSortedDictionary<string, int>.Empty, [.. failures]);
    }
}
