using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

[Collection(SharedMeshGroup.Name)]
public sealed class NodeClientTests(SharedMesh shared)
{
    private static readonly string[] StopWords = ["Tokyo"];
    private static readonly string[] RequiredProperties = ["city"];

    [Fact]
    public async Task Models_lists_the_built_in_models()
    {
        JsonElement models = await shared.Client.RunAsync("models");
        Assert.Equal([shared.Mesh.Model, SharedMesh.SpeechModel], models.EnumerateArray().Select(static model => model.GetString()));
    }

    [Fact]
    public async Task One_model_can_be_retrieved_and_an_unknown_one_not()
    {
        JsonElement model = await shared.Client.RunAsync("model", new { model = shared.Mesh.Model });
        Assert.Equal(shared.Mesh.Model, model.GetProperty("id").GetString());
        JsonElement error = await shared.Client.FailAsync("model", new { model = "no/such-model" });
        Assert.Equal(404, error.GetProperty("status").GetInt32());
    }

    [Fact]
    public async Task A_question_is_answered_whole()
    {
        JsonElement done = await shared.Client.RunAsync("chat", new { content = "What is the capital of Japan?" });
        Assert.Contains("Tokyo", done.GetProperty("text")[0].GetString(), System.StringComparison.Ordinal);
        Assert.Equal("stop", done.GetProperty("finish")[0].GetString());
        JsonElement usage = done.GetProperty("usage");
        Assert.Equal(
            usage.GetProperty("total_tokens").GetInt32(),
            usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task A_question_is_answered_in_pieces_with_usage_at_the_end()
    {
        JsonElement done = await shared.Client.RunAsync(
            "stream", new { content = "What is the capital of France?", parameters = new { stream_options = new { include_usage = true } } });
        Assert.Contains("Paris", done.GetProperty("text").GetString(), System.StringComparison.Ordinal);
        Assert.True(done.GetProperty("deltas").GetInt32() > 1);
        Assert.Equal(1, done.GetProperty("usage").GetArrayLength());
        Assert.Equal(1, done.GetProperty("ids").GetInt32());
    }

    [Fact]
    public async Task Concurrent_streams_each_get_their_own_answer()
    {
        (string Country, string Capital)[] known = [("Japan", "Tokyo"), ("France", "Paris"), ("Italy", "Rome"), ("Spain", "Madrid")];
        (string Country, string Capital)[] asked = [.. Enumerable.Range(0, 24).Select(i => known[i % known.Length])];
        JsonElement answers = await shared.Client.RunAsync(
            "concurrent", new { contents = asked.Select(pair => $"What is the capital of {pair.Country}?").ToArray() });
        Assert.Equal(asked.Length, answers.GetArrayLength());
        for (int i = 0; i < asked.Length; i++)
        {
            Assert.Contains(asked[i].Capital, answers[i].GetProperty("text").GetString(), System.StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_text_whichever_node_answers()
    {
        object input = new { content = "Tell me a short story.", parameters = new { temperature = 1.0, seed = 7, max_tokens = 48 } };
        string first = (await shared.Client.RunAsync("chat", input)).GetProperty("text")[0].GetString()!;
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(first, (await shared.Client.RunAsync("chat", input)).GetProperty("text")[0].GetString());
        }
    }

    [Fact]
    public async Task Several_choices_come_back_in_order()
    {
        JsonElement done = await shared.Client.RunAsync("chat", new { content = "Tell me a short story.", parameters = new { n = 3, temperature = 1.0, max_tokens = 24, seed = 1 } });
        Assert.Equal(3, done.GetProperty("text").EnumerateArray().Select(text => text.GetString()).Distinct().Count());
    }

    [Fact]
    public async Task A_stop_string_ends_the_answer_and_is_not_part_of_it()
    {
        JsonElement done = await shared.Client.RunAsync("stream", new { content = "What is the capital of Japan?", parameters = new { stop = StopWords } });
        Assert.DoesNotContain("Tok", done.GetProperty("text").GetString(), System.StringComparison.Ordinal);
        Assert.Equal("stop", done.GetProperty("finish")[0].GetString());
    }

    [Fact]
    public async Task A_tool_is_called()
    {
        JsonElement done = await shared.Client.RunAsync("chat", new
        {
            content = "What is the weather in Oslo?",
            parameters = new
            {
                tools = new[]
                {
                    new { type = "function", function = new { name = "get_weather", description = "weather", parameters = new { type = "object", properties = new { city = new { type = "string" } }, required = RequiredProperties } } },
                },
            },
        });
        JsonElement call = done.GetProperty("tools")[0];
        Assert.Equal("get_weather", call.GetProperty("function").GetProperty("name").GetString());
        Assert.Contains("Oslo", call.GetProperty("function").GetProperty("arguments").GetString(), System.StringComparison.Ordinal);
        Assert.Equal("tool_calls", done.GetProperty("finish")[0].GetString());
    }

    [Fact]
    public async Task A_client_that_leaves_gives_its_slot_back()
    {
        for (int i = 0; i < 16; i++)
        {
            JsonElement left = await shared.Client.RunAsync("abort", new { content = "Tell me a short story." });
            Assert.Equal(1, left.GetProperty("pieces").GetInt32());
        }

        JsonElement done = await shared.Client.RunAsync("chat", new { content = "What is the capital of Japan?" });
        Assert.Contains("Tokyo", done.GetProperty("text")[0].GetString(), System.StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_key_is_a_typed_authentication_error()
    {
        OfficialClient stranger = new(shared.Mesh.Url, "db-wrong");
        JsonElement error = await stranger.FailAsync("chat", new { content = "hello" });
        Assert.Equal("AuthenticationError", error.GetProperty("name").GetString());
        Assert.Equal("invalid_api_key", error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_wrong_model_is_a_typed_not_found_error()
    {
        JsonElement error = await shared.Client.FailAsync("chat", new { content = "hello", model = "no-such-model" });
        Assert.Equal("NotFoundError", error.GetProperty("name").GetString());
        Assert.Equal("model_not_found", error.GetProperty("code").GetString());
        Assert.Equal("model", error.GetProperty("param").GetString());
    }

    [Fact]
    public async Task An_unsupported_field_is_named()
    {
        JsonElement error = await shared.Client.FailAsync("chat", new { content = "hello", parameters = new { web_search_options = new { } } });
        Assert.Equal("BadRequestError", error.GetProperty("name").GetString());
        Assert.Equal("web_search_options", error.GetProperty("param").GetString());
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_says_so()
    {
        JsonElement error = await shared.Client.FailAsync("chat", new { content = string.Join(' ', Enumerable.Repeat("story", 20_000)) });
        Assert.Equal(400, error.GetProperty("status").GetInt32());
        Assert.Equal("context_length_exceeded", error.GetProperty("code").GetString());
    }
}
