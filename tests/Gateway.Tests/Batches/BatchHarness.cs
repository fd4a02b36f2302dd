using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.Tests.Files;
using Darkbloom.Gateway.Tests.Responses;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Darkbloom.Tests.Support;

namespace Darkbloom.Gateway.Tests.Batches;

/// <summary>Makes batches and follows them.</summary>
internal static class BatchHarness
{
    public const string Path = "/v1/batches";

    /// <summary>A line that asks for a chat.</summary>
    public static string Line(string id, string content = "Hi", string model = "acme/tiny", string more = "") =>
        $$$"""{"custom_id":"{{{id}}}","method":"POST","url":"/v1/chat/completions","body":{"model":"{{{model}}}","messages":[{"role":"user","content":"{{{content}}}"}]{{{more}}}}}""";

    /// <summary>A mesh that says what it was asked.</summary>
    public static ScriptedInference Echo() => new ScriptedInference().AnswersEach(static request =>
        [Say.Text(request.Messages[^1].Content), Say.Stop(), Say.End()]);

    public static async Task<JsonNode> CreateAsync(this GatewayHarness gateway, string lines, string endpoint = "/v1/chat/completions", string more = "")
    {
        string file = await gateway.UploadAsync(lines);
        return await SendAsync(gateway, $$"""{"input_file_id":"{{file}}","endpoint":"{{endpoint}}","completion_window":"24h"{{more}}}""");
    }

    public static async Task<JsonNode> SendAsync(this GatewayHarness gateway, string body, int status = 200, string path = Path)
    {
        using HttpResponseMessage response = await gateway.Client.PostAsync(path, GatewayHarness.Json(body));
        JsonNode answer = await GatewayHarness.ReadAsync(response);
        Xunit.Assert.True((int)response.StatusCode == status, answer.ToJsonString());
        return answer;
    }

    /// <summary>Asks until the batch is what it is waited for; time that a test moves is moved on meanwhile.</summary>
    public static async Task<JsonNode> WhenAsync(this GatewayHarness gateway, string id, Func<JsonNode, bool> isReached, ManualTime? time = null)
    {
        using System.Threading.CancellationTokenSource patience = new(TimeSpan.FromMinutes(1));
        while (true)
        {
            JsonNode batch = await gateway.GetAsync($"{Path}/{id}");
            if (isReached(batch))
            {
                return batch;
            }

            Xunit.Assert.False(patience.IsCancellationRequested, $"The batch is {batch.ToJsonString()}");
            time?.Advance(TimeSpan.FromMilliseconds(25));
        }
    }

    public static Task<JsonNode> WhenAsync(this GatewayHarness gateway, string id, string status, ManualTime? time = null) =>
        gateway.WhenAsync(id, batch => batch["status"]!.GetValue<string>() == status, time);

    public static string IdOf(JsonNode batch) => batch["id"]!.GetValue<string>();

    /// <summary>The lines of one of the files that a batch wrote.</summary>
    public static async Task<List<JsonNode>> ReadLinesAsync(this GatewayHarness gateway, JsonNode batch, string field = "output_file_id") =>
        [.. (await gateway.DownloadAsync(batch[field]!.GetValue<string>())).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonNode.Parse(line)!)];

    public static string ContentOf(JsonNode line) => line["response"]!["body"]!["choices"]![0]!["message"]!["content"]!.GetValue<string>();

    public static NodeResponse[] Answer(string text) => [Say.Text(text), Say.Stop(), Say.End()];
}
