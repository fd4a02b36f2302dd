using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.Batches;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Files;
using Darkbloom.Gateway.Tests.Responses;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;
using Darkbloom.Tests.Support;
using Xunit;
using static Darkbloom.Gateway.Tests.Batches.BatchHarness;
using Directory = System.IO.Directory;

namespace Darkbloom.Gateway.Tests.Batches;

public sealed class BatchTests
{
    [Fact]
    public async Task A_batch_is_told_as_openai_tells_it_and_answers_every_line_in_order()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Echo());
        string lines = string.Concat(Enumerable.Range(0, 100).Select(static i => Line($"line-{i}", $"number {i}") + (i % 2 == 0 ? "\r\n\n" : "\n")));
        JsonNode created = await gateway.CreateAsync(lines, more: ""","metadata":{"a":"b"}""");
        string id = IdOf(created);
        Assert.StartsWith("batch_", id, StringComparison.Ordinal);
        Assert.Equal(
            $$$"""{"id":"{{{id}}}","object":"batch","endpoint":"/v1/chat/completions","model":null,"errors":null,"input_file_id":"{{{created["input_file_id"]}}}","completion_window":"24h","status":"validating","output_file_id":null,"error_file_id":null,"created_at":{{{created["created_at"]}}},"in_progress_at":null,"expires_at":{{{created["created_at"]!.GetValue<long>() + 86_400}}},"finalizing_at":null,"completed_at":null,"failed_at":null,"expired_at":null,"cancelling_at":null,"cancelled_at":null,"request_counts":{"total":0,"completed":0,"failed":0},"usage":{"input_tokens":0,"output_tokens":0,"total_tokens":0,"input_tokens_details":{"cached_tokens":0},"output_tokens_details":{"reasoning_tokens":0}},"metadata":{"a":"b"}}""",
            created.ToJsonString());

        JsonNode done = await gateway.WhenAsync(id, "completed");
        Assert.Equal("""{"total":100,"completed":100,"failed":0}""", done["request_counts"]!.ToJsonString());
        Assert.Equal((700, 300, 200), ((int)done["usage"]!["input_tokens"]!, (int)done["usage"]!["output_tokens"]!, (int)done["usage"]!["input_tokens_details"]!["cached_tokens"]!));
        Assert.Equal("acme/tiny", done["model"]!.GetValue<string>());
        Assert.Null(done["error_file_id"]);
        List<JsonNode> answers = await gateway.ReadLinesAsync(done);
        Assert.Equal(Enumerable.Range(0, 100).Select(static i => ($"line-{i}", $"number {i}")), answers.Select(static line => (line["custom_id"]!.GetValue<string>(), ContentOf(line))));
        Assert.Equal(["id", "custom_id", "response", "error"], answers[0].AsObject().Select(static field => field.Key));
        Assert.Equal(200, answers[0]["response"]!["status_code"]!.GetValue<int>());
        Assert.Equal("chat.completion", answers[0]["response"]!["body"]!["object"]!.GetValue<string>());
        Assert.Null(answers[0]["error"]);
        JsonNode file = await gateway.GetAsync($"/v1/files/{done["output_file_id"]}");
        Assert.Equal(("batch_output", $"{id}_output.jsonl"), (file["purpose"]!.GetValue<string>(), file["filename"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("/v1/completions", "\"prompt\":\"Hi\"", "text_completion")]
    [InlineData("/v1/embeddings", "\"input\":\"Hi\"", "list")]
    [InlineData("/v1/responses", "\"input\":\"Hi\"", "response")]
    public async Task Other_endpoints_answer_in_their_own_form(string endpoint, string body, string kind)
    {
        ScriptedInference inference = new ScriptedInference().AnswersEach(request =>
            request.TaskCase == GenerateRequest.TaskOneofCase.Embedding ? [Say.Vector(0, 1, 0), Say.Stop(), Say.End()] : Answer("Hello"));
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        string line = $$$"""{"custom_id":"1","method":"POST","url":"{{{endpoint}}}","body":{"model":"acme/tiny",{{{body}}}}}""";
        JsonNode done = await gateway.WhenAsync(IdOf(await gateway.CreateAsync(line, endpoint)), "completed");
        JsonNode answer = Assert.Single(await gateway.ReadLinesAsync(done));
        Assert.Equal(kind, answer["response"]!["body"]!["object"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_line_that_is_refused_goes_to_the_error_file_and_the_others_are_answered()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Echo());
        string lines = string.Join('\n', Line("good"), Line("bad", more: ",\"temperature\":9"), Line("streamed", more: ",\"stream\":true"));
        JsonNode done = await gateway.WhenAsync(IdOf(await gateway.CreateAsync(lines)), "completed");
        Assert.Equal("""{"total":3,"completed":1,"failed":2}""", done["request_counts"]!.ToJsonString());
        Assert.Equal("good", Assert.Single(await gateway.ReadLinesAsync(done))["custom_id"]!.GetValue<string>());
        List<JsonNode> errors = await gateway.ReadLinesAsync(done, "error_file_id");
        Assert.Equal(["bad", "streamed"], errors.Select(static line => line["custom_id"]!.GetValue<string>()));
        Assert.Equal(["temperature", "stream"], errors.Select(static line => line["response"]!["body"]!["error"]!["param"]!.GetValue<string>()));
        Assert.All(errors, static line => Assert.Equal(400, line["response"]!["status_code"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_batch_with_bad_lines_fails_before_any_node_is_asked()
    {
        ScriptedInference inference = Echo();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        string lines = string.Join(
            '\n', Line("1"), "{", Line("1"), Line("2", model: "nobody"), Line("3").Replace("POST", "GET", StringComparison.Ordinal),
            Line("4").Replace("/v1/chat", "/v1/cat", StringComparison.Ordinal), """{"custom_id":"5","method":"POST","url":"/v1/chat/completions"}""", "[]");
        JsonNode failed = await gateway.WhenAsync(IdOf(await gateway.CreateAsync(lines)), "failed");
        Assert.NotNull(failed["failed_at"]);
        Assert.Equal(
            [
                ("invalid_json_line", 2), ("duplicate_custom_id", 3), ("model_not_found", 4), ("invalid_value", 5), ("invalid_value", 6),
                ("missing_required_parameter", 7), ("invalid_json_line", 8),
            ],
            failed["errors"]!["data"]!.AsArray().Select(static fault => (fault!["code"]!.GetValue<string>(), fault["line"]!.GetValue<int>())));
        Assert.Empty(inference.Requests);
    }

    [Fact]
    public async Task A_file_without_lines_fails_as_empty()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Echo());
        JsonNode failed = await gateway.WhenAsync(IdOf(await gateway.CreateAsync("\n \r\n")), "failed");
        Assert.Equal("empty_file", failed["errors"]!["data"]![0]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_cancelled_batch_keeps_what_was_answered_and_asks_no_more()
    {
        TaskCompletionSource second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedInference inference = new ScriptedInference { Load = new ModelLoad(1, 0) }.AnswersLater(async request =>
        {
            if (request.Messages[^1].Content != "first")
            {
                await second.Task;
            }

            return Answer("Hello");
        });
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        string id = IdOf(await gateway.CreateAsync(string.Join('\n', Line("1", "first"), Line("2"), Line("3"))));
        await gateway.WhenAsync(id, static batch => batch["request_counts"]!["completed"]!.GetValue<int>() == 1);
        JsonNode cancelling = await gateway.SendAsync("", path: $"{BatchHarness.Path}/{id}/cancel");
        Assert.Equal("cancelling", cancelling["status"]!.GetValue<string>());
        Assert.NotNull(cancelling["cancelling_at"]);
        JsonNode cancelled = await gateway.WhenAsync(id, "cancelled");
        Assert.Equal("1", Assert.Single(await gateway.ReadLinesAsync(cancelled))["custom_id"]!.GetValue<string>());
        Assert.Null(cancelled["error_file_id"]);
        Assert.Equal("cancelled", (await gateway.SendAsync("", path: $"{BatchHarness.Path}/{id}/cancel"))["status"]!.GetValue<string>());
        second.SetResult();
    }

    [Fact]
    public async Task A_batch_that_is_over_can_not_be_cancelled()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Echo());
        string id = IdOf(await gateway.CreateAsync(Line("1")));
        await gateway.WhenAsync(id, "completed");
        JsonNode refused = await gateway.SendAsync("", status: 409, path: $"{BatchHarness.Path}/{id}/cancel");
        Assert.Equal("Cannot cancel a batch with status 'completed'.", refused["error"]!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task When_its_window_is_over_a_batch_tells_which_lines_were_not_answered()
    {
        ManualTime time = new();
        ScriptedInference inference = Echo();
        inference.Load = new ModelLoad(0, 0);
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference, new OpenAiServerOptions { Time = time });
        string id = IdOf(await gateway.CreateAsync(string.Join('\n', Line("1"), Line("2"))));
        await gateway.WhenAsync(id, "in_progress");
        time.Advance(BatchRequest.WindowMax);
        JsonNode expired = await gateway.WhenAsync(id, "expired");
        Assert.NotNull(expired["expired_at"]);
        Assert.Null(expired["output_file_id"]);
        List<JsonNode> errors = await gateway.ReadLinesAsync(expired, "error_file_id");
        Assert.Equal(["1", "2"], errors.Select(static line => line["custom_id"]!.GetValue<string>()));
        Assert.All(errors, static line => Assert.Equal("batch_expired", line["error"]!["code"]!.GetValue<string>()));
        Assert.Empty(inference.Requests);
    }

    [Fact]
    public async Task A_gateway_that_starts_again_answers_the_lines_that_have_no_answer_and_no_others()
    {
        using StateDirectory state = new();
        OpenAiServerOptions options = new() { StateDirectory = state.Path };
        string[] ids = [.. Enumerable.Range(0, 20).Select(static i => $"line-{i}")];
        TaskCompletionSource never = new();
        ConcurrentBag<string> answered = [];
        ScriptedInference first = new ScriptedInference().AnswersLater(async request =>
        {
            string content = request.Messages[^1].Content;
            if (answered.Count >= 7)
            {
                await never.Task;
            }

            answered.Add(content);
            return Answer(content);
        });
        string id;
        await using (GatewayHarness gateway = await GatewayHarness.StartAsync(first, options))
        {
            id = IdOf(await gateway.CreateAsync(string.Join('\n', ids.Select(static name => Line(name, name)))));
            await gateway.WhenAsync(id, static batch => batch["request_counts"]!["completed"]!.GetValue<int>() >= 7);
        }

        ScriptedInference second = Echo();
        await using GatewayHarness next = await GatewayHarness.StartAsync(second, options);
        JsonNode done = await next.WhenAsync(id, "completed");
        Assert.Equal(ids, (await next.ReadLinesAsync(done)).Select(static line => line["custom_id"]!.GetValue<string>()));
        Assert.Equal(20, done["request_counts"]!["completed"]!.GetValue<int>());
        Assert.True(second.Requests.Count <= 13, $"{second.Requests.Count} lines were asked again");
        Assert.Empty(Directory.EnumerateFiles(System.IO.Path.Combine(state.Path, "results")));
    }

    [Fact]
    public async Task A_log_cut_at_any_byte_leads_to_a_whole_batch()
    {
        using StateDirectory state = new();
        OpenAiServerOptions options = new() { StateDirectory = state.Path };
        TaskCompletionSource<NodeResponse[]> never = new();
        ScriptedInference first = new ScriptedInference().AnswersLater(request =>
            request.Messages[^1].Content == "last" ? never.Task : Task.FromResult(Answer(request.Messages[^1].Content)));
        string id;
        await using (GatewayHarness gateway = await GatewayHarness.StartAsync(first, options))
        {
            id = IdOf(await gateway.CreateAsync(string.Join('\n', Line("1", "one"), Line("2", "two"), Line("3", "last"))));
            await gateway.WhenAsync(id, static batch => batch["request_counts"]!["completed"]!.GetValue<int>() == 2);
        }

        // Each run begins where the first gateway was killed, with another piece of its log.
        using StateDirectory copy = new();
        byte[] log = await File.ReadAllBytesAsync(System.IO.Path.Combine(state.Path, "results", id));
        for (int length = 0; length <= log.Length; length += 97)
        {
            CopyTree(state.Path, copy.Path);
            await File.WriteAllBytesAsync(System.IO.Path.Combine(copy.Path, "results", id), log[..length]);
            await using GatewayHarness next = await GatewayHarness.StartAsync(Echo(), options with { StateDirectory = copy.Path });
            JsonNode done = await next.WhenAsync(id, "completed");
            Assert.Equal(["1", "2", "3"], (await next.ReadLinesAsync(done)).Select(static line => line["custom_id"]!.GetValue<string>()));
        }
    }

    [Fact]
    public async Task What_may_succeed_later_is_asked_again_and_what_breaks_nodes_is_not_for_ever()
    {
        ManualTime time = new();
        ConcurrentDictionary<string, int> tries = new();
        ScriptedInference inference = new ScriptedInference().AnswersLater(request =>
        {
            string content = request.Messages[^1].Content;
            int count = tries.AddOrUpdate(content, 1, static (_, before) => before + 1);
            return content switch
            {
                "busy" when count < 8 => throw new InferenceException(InferenceOutcome.NoCapacity),
                "lost" when count < BatchAnswerer.FailuresMax => throw new InferenceException(InferenceOutcome.PeerLost),
                "poison" => throw new InferenceException(InferenceOutcome.PeerLost),
                _ => Task.FromResult(Answer(content)),
            };
        });
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference, new OpenAiServerOptions { Time = time });
        string id = IdOf(await gateway.CreateAsync(string.Join('\n', Line("1", "busy"), Line("2", "lost"), Line("3", "poison"))));
        JsonNode done = await gateway.WhenAsync(id, "completed", time);
        Assert.Equal(["1", "2"], (await gateway.ReadLinesAsync(done)).Select(static line => line["custom_id"]!.GetValue<string>()));
        JsonNode error = Assert.Single(await gateway.ReadLinesAsync(done, "error_file_id"));
        Assert.Equal(502, error["response"]!["status_code"]!.GetValue<int>());
        Assert.Equal((8, BatchAnswerer.FailuresMax, BatchAnswerer.FailuresMax), (tries["busy"], tries["lost"], tries["poison"]));
    }

    [Fact]
    public async Task A_line_makes_room_for_a_request_that_waits_and_is_asked_again()
    {
        ManualTime time = new();
        int tries = 0;
        TaskCompletionSource<NodeResponse[]> never = new();
        ScriptedInference inference = new();
        inference.AnswersLater(request =>
        {
            if (++tries == 1)
            {
                inference.Load = new ModelLoad(0, Queued: 1);
                return never.Task;
            }

            return Task.FromResult(Answer("Hello"));
        });
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference, new OpenAiServerOptions { Time = time });
        string id = IdOf(await gateway.CreateAsync(Line("1")));
        while (!inference.Ended.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(25));
            await Task.Yield();
        }

        Assert.True(await inference.Ended);
        inference.Load = new ModelLoad(1, 0);
        JsonNode done = await gateway.WhenAsync(id, "completed", time);
        Assert.Equal("Hello", ContentOf(Assert.Single(await gateway.ReadLinesAsync(done))));
        Assert.Equal(2, tries);
    }

    [Fact]
    public async Task Batches_are_listed_in_pages_to_their_owner_alone()
    {
        ManualTime time = new();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Echo(), new OpenAiServerOptions { Time = time, ApiKeys = ["one", "two"] });
        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "one");
        List<string> ids = [];
        for (int i = 0; i < 3; i++)
        {
            ids.Add(IdOf(await gateway.CreateAsync(Line("1"))));
            time.Advance(TimeSpan.FromSeconds(1));
        }

        JsonNode page = await gateway.GetAsync("/v1/batches?limit=2");
        Assert.Equal([ids[2], ids[1]], page["data"]!.AsArray().Select(static batch => IdOf(batch!)));
        Assert.True(page["has_more"]!.GetValue<bool>());
        Assert.Equal([ids[0]], (await gateway.GetAsync($"/v1/batches?limit=2&after={ids[1]}"))["data"]!.AsArray().Select(static batch => IdOf(batch!)));

        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "two");
        Assert.Empty((await gateway.GetAsync("/v1/batches"))["data"]!.AsArray());
        await gateway.GetAsync($"/v1/batches/{ids[0]}", status: 404);
        await gateway.SendAsync("", status: 404, path: $"{BatchHarness.Path}/{ids[0]}/cancel");
    }

    [Theory]
    [InlineData("""{"endpoint":"/v1/chat/completions","completion_window":"24h"}""", "input_file_id")]
    [InlineData("""{"input_file_id":"FILE","completion_window":"24h"}""", "endpoint")]
    [InlineData("""{"input_file_id":"FILE","endpoint":"/v1/chat/completions"}""", "completion_window")]
    [InlineData("""{"input_file_id":"FILE","endpoint":"/v1/moderations","completion_window":"24h"}""", "endpoint")]
    [InlineData("""{"input_file_id":"FILE","endpoint":"/v1/chat/completions","completion_window":"1h"}""", "completion_window")]
    [InlineData("""{"input_file_id":"OTHER","endpoint":"/v1/chat/completions","completion_window":"24h"}""", "input_file_id")]
    [InlineData("""{"input_file_id":"FILE","endpoint":"/v1/chat/completions","completion_window":"24h","metadata":{"a":1}}""", "metadata.a")]
    [InlineData("""{"input_file_id":"FILE","endpoint":"/v1/chat/completions","completion_window":"24h","colour":1}""", "colour")]
    [InlineData("""{"input_file_id":"FILE","endpoint":"/v1/chat/completions","completion_window":"24h","output_expires_after":{"anchor":"created_at","seconds":3599}}""", "output_expires_after.seconds")]
    [InlineData("""{"input_file_id":"FILE","endpoint":"/v1/chat/completions","completion_window":"24h","output_expires_after":{"seconds":3600}}""", "output_expires_after.anchor")]
    public async Task A_batch_that_can_not_be_made_names_the_field(string body, string param)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Echo());
        string file = await gateway.UploadAsync(Line("1"));
        string other = (await gateway.UploadAsync(FileForms.Form(Line("1"), "user_data")))["id"]!.GetValue<string>();
        JsonNode refused = await gateway.SendAsync(
            body.Replace("FILE", file, StringComparison.Ordinal).Replace("OTHER", other, StringComparison.Ordinal), status: 400);
        Assert.Equal(param, refused["error"]!["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_batch_of_a_file_that_is_not_there_is_a_404()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Echo());
        JsonNode refused = await gateway.SendAsync("""{"input_file_id":"file-x","endpoint":"/v1/responses","completion_window":"24h"}""", status: 404);
        Assert.Equal("input_file_id", refused["error"]!["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_key_has_as_many_batches_under_way_as_allowed_and_its_input_may_be_deleted_meanwhile()
    {
        ManualTime time = new();
        ScriptedInference inference = Echo();
        inference.Load = new ModelLoad(0, 0);
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference, new OpenAiServerOptions { Time = time });
        string file = await gateway.UploadAsync(Line("1"));
        string body = $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""";
        List<string> ids = [];
        for (int i = 0; i < BatchStore.OpenPerKeyMax; i++)
        {
            ids.Add(IdOf(await gateway.SendAsync(body)));
        }

        Assert.Equal("too_many_batches", (await gateway.SendAsync(body, status: 429))["error"]!["code"]!.GetValue<string>());
        using HttpResponseMessage deleted = await gateway.Client.DeleteAsync($"/v1/files/{file}");
        inference.Load = new ModelLoad(40, 0);
        foreach (string id in ids)
        {
            await gateway.WhenAsync(id, "completed", time);
        }

        await gateway.SendAsync(body, status: 404);
    }

    [Fact]
    public async Task No_word_of_a_batch_stands_on_the_disk()
    {
        using StateDirectory state = new();
        await using (GatewayHarness gateway = await GatewayHarness.StartAsync(Echo(), new OpenAiServerOptions { StateDirectory = state.Path }))
        {
            JsonNode done = await gateway.WhenAsync(IdOf(await gateway.CreateAsync(Line("canary", "canary sings"), more: ""","metadata":{"canary":"canary"}""")), "completed");
            Assert.Equal("canary sings", ContentOf(Assert.Single(await gateway.ReadLinesAsync(done))));
        }

        Assert.All(
            Directory.EnumerateFiles(state.Path, "*", SearchOption.AllDirectories),
            static path => Assert.DoesNotContain("canary", Encoding.Latin1.GetString(File.ReadAllBytes(path)), StringComparison.Ordinal));
    }

    private static void CopyTree(string source, string target)
    {
        Directory.Delete(target, recursive: true);
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = System.IO.Path.Combine(target, System.IO.Path.GetRelativePath(source, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
