using System.Diagnostics;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>The npm package <c>openai</c>, run by Node in a process of its own.</summary>
internal sealed class OfficialClient(string url, string apiKey)
{
    private static readonly string Script = Path.Combine(Launcher.Root, "tests", "EndToEnd.Tests", "clients", "openai-client.mjs");

    /// <summary>Runs an operation and returns its result.</summary>
    public async Task<JsonElement> RunAsync(string operation, object? input = null)
    {
        JsonElement answer = await AnswerAsync(operation, input);
        Assert.True(answer.TryGetProperty("result", out JsonElement result), $"{operation}: {answer}");
        return result;
    }

    /// <summary>Runs an operation that must fail and returns the typed error of the client.</summary>
    public async Task<JsonElement> FailAsync(string operation, object? input = null)
    {
        JsonElement answer = await AnswerAsync(operation, input);
        Assert.True(answer.TryGetProperty("error", out JsonElement error), $"{operation}: {answer}");
        return error;
    }

    private async Task<JsonElement> AnswerAsync(string operation, object? input)
    {
        ProcessStartInfo start = new("node", [Script, url, apiKey, operation, JsonSerializer.Serialize(input ?? new { })])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process node = Process.Start(start)!;
        Task<string> error = node.StandardError.ReadToEndAsync();
        string output = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync().WaitAsync(MeshProcess.PatienceMax);
        Assert.True(output.Length > 0, await error);
        using JsonDocument document = JsonDocument.Parse(output);
        return document.RootElement.Clone();
    }
}
