using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>A batch whose gateway and nodes are killed: every line is answered, and none twice.</summary>
public sealed class BatchCrashTests : IDisposable
{
    private const string Model = "darkbloom-tiny";
    private const int Lines = 60;

    private static readonly (string Country, string Capital)[] _capitals =
        [("Japan", "Tokyo"), ("Italy", "Rome"), ("Spain", "Madrid")];

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("darkbloom-batch-");

    public void Dispose() => _state.Delete(recursive: true);

    [Fact]
    public async Task A_batch_survives_the_killing_of_its_gateway_and_of_a_node()
    {
        await using RoleProcess rendezvous = await RoleProcess.StartAsync("rendezvous", "--bind", "127.0.0.1:0", "--state", At("rendezvous"));
        await using RoleProcess victim = await StartNodeAsync(rendezvous, "victim");
        await using RoleProcess node = await StartNodeAsync(rendezvous, "node");
        RoleProcess gateway = await StartGatewayAsync(rendezvous);
        try
        {
            string id = await CreateAsync(gateway);
            await WhenAsync(gateway, id, static batch => Answered(batch) >= 5);
            await gateway.KillAsync();
            await gateway.DisposeAsync();
            gateway = await StartGatewayAsync(rendezvous);

            int before = Answered(await AskAsync(gateway, $"batches/{id}"));
            Assert.InRange(before, 5, Lines);
            await victim.KillAsync();
            await WhenAsync(gateway, id, batch => Answered(batch) > before || IsDone(batch));
            await gateway.KillAsync();
            await gateway.DisposeAsync();
            AssertSilent("capital");
            gateway = await StartGatewayAsync(rendezvous);

            JsonNode done = await WhenAsync(gateway, id, IsDone);
            Assert.Equal($$"""{"total":{{Lines}},"completed":{{Lines}},"failed":0}""", done["request_counts"]!.ToJsonString());
            string[] answers = (await DownloadAsync(gateway, done["output_file_id"]!.GetValue<string>())).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            JsonNode[] parsed = [.. answers.Select(static line => JsonNode.Parse(line)!)];
            Assert.Equal(Enumerable.Range(0, Lines).Select(static i => $"line-{i}"), parsed.Select(static line => line["custom_id"]!.GetValue<string>()));
            for (int i = 0; i < Lines; i++)
            {
                string text = parsed[i]["response"]!["body"]!["choices"]![0]!["message"]!["content"]!.GetValue<string>();
                Assert.Contains(_capitals[i % _capitals.Length].Capital, text, StringComparison.Ordinal);
            }
        }
        finally
        {
            await gateway.DisposeAsync();
        }

        AssertSilent("capital");
    }

    private string At(string name) => Path.Combine(_state.FullName, name);

    private Task<RoleProcess> StartNodeAsync(RoleProcess rendezvous, string name) => RoleProcess.StartAsync(
        "node", "--rendezvous", rendezvous.Join, "--bind", "127.0.0.1:0", "--state", At(name), "--slots", "2", "--threads", "1");

    private Task<RoleProcess> StartGatewayAsync(RoleProcess rendezvous) => RoleProcess.StartAsync(
        "gateway", "--rendezvous", rendezvous.Join, "--bind", "127.0.0.1:0", "--http-bind", "127.0.0.1:0", "--state", At("gateway"));

    private static async Task<string> CreateAsync(RoleProcess gateway)
    {
        IEnumerable<string> lines = Enumerable.Range(0, Lines).Select(static i =>
            $$$"""{"custom_id":"line-{{{i}}}","method":"POST","url":"/v1/chat/completions","body":{"model":"{{{Model}}}","temperature":0,"messages":[{"role":"user","content":"What is the capital of {{{_capitals[i % _capitals.Length].Country}}}?"}]}}""");
        using MultipartFormDataContent form = new()
        {
            { new ByteArrayContent(Encoding.UTF8.GetBytes(string.Join('\n', lines))), "file", "lines.jsonl" },
            { new StringContent("batch"), "purpose" },
        };
        string file = (await AskAsync(gateway, "files", form))["id"]!.GetValue<string>();
        using StringContent request = new(
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""", Encoding.UTF8, "application/json");
        return (await AskAsync(gateway, "batches", request))["id"]!.GetValue<string>();
    }

    private static async Task<JsonNode> WhenAsync(RoleProcess gateway, string id, Func<JsonNode, bool> isReached)
    {
        using System.Threading.CancellationTokenSource patience = new(MeshProcess.PatienceMax);
        JsonNode batch;
        do
        {
            Assert.False(patience.IsCancellationRequested);
            batch = await AskAsync(gateway, $"batches/{id}");
        }
        while (!isReached(batch));
        return batch;
    }

    private static async Task<JsonNode> AskAsync(RoleProcess gateway, string path, HttpContent? content = null)
    {
        using HttpClient http = new();
        Uri address = new($"{gateway.Address}/v1/{path}");
        using HttpResponseMessage response = await (content is null ? http.GetAsync(address) : http.PostAsync(address, content));
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonNode.Parse(body)!;
    }

    private static async Task<string> DownloadAsync(RoleProcess gateway, string file)
    {
        using HttpClient http = new();
        return await http.GetStringAsync(new Uri($"{gateway.Address}/v1/files/{file}/content"));
    }

    private static int Answered(JsonNode batch) => batch["request_counts"]!["completed"]!.GetValue<int>();

    private static bool IsDone(JsonNode batch) => batch["status"]!.GetValue<string>() == "completed";

    /// <summary>No file of the gateway holds a word of a prompt.</summary>
    private void AssertSilent(string word) => Assert.All(
        Directory.EnumerateFiles(At("gateway"), "*", SearchOption.AllDirectories),
        path => Assert.DoesNotContain(word, Encoding.Latin1.GetString(File.ReadAllBytes(path)), StringComparison.Ordinal));
}
