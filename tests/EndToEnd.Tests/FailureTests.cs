using System;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

public sealed class FailureTests
{
    [Fact]
    public async Task A_node_killed_before_its_first_token_goes_unnoticed_and_no_node_at_all_is_a_503()
    {
        await using MeshProcess mesh = await MeshProcess.StartAsync("--nodes", "3");
        OfficialClient client = new(mesh.Url, mesh.ApiKey);

        // A stopped process takes datagrams and answers none: whatever is sent to it waits before its first token.
        MeshMember victim = mesh.Nodes[0];
        Signals.Send(victim.Pid, Signals.Stop);
        Task<JsonElement> asked = client.RunAsync(
            "concurrent", new { contents = Enumerable.Repeat("What is the capital of Japan?", 12).ToArray() });
        Signals.Send(victim.Pid, Signals.Kill);
        foreach (JsonElement answer in (await asked).EnumerateArray())
        {
            Assert.Contains("Tokyo", answer.GetProperty("text").GetString(), StringComparison.Ordinal);
        }

        foreach (MeshMember node in mesh.Nodes.Skip(1))
        {
            Signals.Send(node.Pid, Signals.Kill);
        }

        JsonElement error = await client.FailAsync("chat", new { content = "What is the capital of Japan?" });
        Assert.Equal(503, error.GetProperty("status").GetInt32());
        Assert.Contains("node", error.GetProperty("message").GetString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_request_when_every_node_is_gone_says_when_to_come_back()
    {
        await using MeshProcess mesh = await MeshProcess.StartAsync("--nodes", "1");
        Signals.Send(mesh.Nodes[0].Pid, Signals.Kill);
        using HttpClient http = new() { Timeout = MeshProcess.PatienceMax };
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(mesh.Url + "/chat/completions"))
        {
            Content = new StringContent(
                $$"""{"model":"{{mesh.Model}}","messages":[{"role":"user","content":"hello"}]}""", System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", mesh.ApiKey);
        using HttpResponseMessage response = await http.SendAsync(request);
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.True(response.Headers.Contains("x-request-id"));
    }
}
