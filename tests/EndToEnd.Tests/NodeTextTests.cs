using System;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>Completions, vectors, ranks, tokens and the finer points of chat, by the npm client.</summary>
[Collection(SharedMeshGroup.Name)]
public sealed class NodeTextTests(SharedMesh shared)
{
    private const string Question = "What is the capital of Japan?";

    private static readonly object[] Messages = [new { role = "user", content = Question }];
    private static readonly string[] Prompts = ["Once upon a time", "The capital of Japan is"];
    private static readonly string[] Texts = ["What is the capital of France?", "Tell me a story."];
    private static readonly string[] Required = ["city"];
    private static readonly string[] OnlyA = ["a"];
    private static readonly string[] Documents = ["Tell me a story.", "What is 3 + 4?", "What is the capital of Italy?"];

    private static readonly object[] Tools =
    [
        new { type = "function", function = new { name = "get_weather", parameters = new { type = "object", properties = new { city = new { type = "string" } }, required = Required } } },
    ];

    [Fact]
    public async Task Logprobs_are_told_whole_and_in_pieces()
    {
        object parameters = new { messages = Messages, logprobs = true, top_logprobs = 2 };
        JsonElement done = await shared.Client.RunAsync("raw_chat", new { parameters });
        JsonElement[] whole = [.. done.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        JsonElement chunks = await shared.Client.RunAsync("raw_stream", new { parameters });
        JsonElement[] pieces =
        [
            .. chunks.EnumerateArray()
                .Select(static chunk => chunk.GetProperty("choices")[0].GetProperty("logprobs"))
                .Where(static logprobs => logprobs.ValueKind == JsonValueKind.Object)
                .SelectMany(static logprobs => logprobs.GetProperty("content").EnumerateArray()),
        ];

        Assert.Equal(done.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(), string.Concat(whole.Select(Token)));
        Assert.Equal(whole.Select(Token), pieces.Select(Token));
        Assert.All(whole, static token => Assert.Equal(2, token.GetProperty("top_logprobs").GetArrayLength()));
        Assert.All(whole, static token => Assert.Equal(JsonValueKind.Array, token.GetProperty("bytes").ValueKind));
    }

    [Fact]
    public async Task Tool_calls_stream_with_their_type_on_the_first_delta_only()
    {
        object parameters = new { messages = new[] { new { role = "user", content = "What is the weather in Oslo?" } }, tools = Tools, tool_choice = "required" };
        JsonElement[] chunks = [.. (await shared.Client.RunAsync("raw_stream", new { parameters })).EnumerateArray()];
        JsonElement[] calls =
        [
            .. chunks.Select(static chunk => chunk.GetProperty("choices")[0].GetProperty("delta"))
                .Where(static delta => delta.TryGetProperty("tool_calls", out _))
                .Select(static delta => delta.GetProperty("tool_calls")[0]),
        ];

        Assert.Equal("function", calls[0].GetProperty("type").GetString());
        Assert.All(calls[1..], static call => Assert.False(call.TryGetProperty("type", out _)));
        string arguments = string.Concat(calls.Select(static call => call.GetProperty("function").GetProperty("arguments").GetString()));
        Assert.Equal("Oslo", JsonDocument.Parse(arguments).RootElement.GetProperty("city").GetString());
        Assert.Equal("tool_calls", chunks[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task A_strict_schema_is_obeyed_and_a_bad_one_named()
    {
        object Format(object schema) => new { type = "json_schema", json_schema = new { name = "x", strict = true, schema } };
        JsonElement done = await shared.Client.RunAsync("raw_chat", new
        {
            parameters = new
            {
                messages = Messages,
                response_format = Format(new { type = "object", properties = new { a = new { type = "integer", minimum = 3, maximum = 9 } }, required = OnlyA, additionalProperties = false }),
            },
        });
        string text = done.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        Assert.InRange(JsonDocument.Parse(text).RootElement.GetProperty("a").GetInt32(), 3, 9);

        JsonElement error = await shared.Client.FailAsync("raw_chat", new
        {
            parameters = new { messages = Messages, response_format = Format(new { type = "object", properties = new { a = new { type = "string", not = new { } } } }) },
        });
        Assert.Equal(400, error.GetProperty("status").GetInt32());
        Assert.Equal("response_format.json_schema.schema.properties.a.not", error.GetProperty("param").GetString());
    }

    [Fact]
    public async Task The_assistants_last_words_are_continued()
    {
        object[] messages = [.. Messages, new { role = "assistant", content = "The capital of Japan" }];
        JsonElement done = await shared.Client.RunAsync("raw_chat", new { parameters = new { messages } });
        Assert.Equal(" is Tokyo.", done.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task Prompts_are_completed_each_in_its_place()
    {
        object parameters = new { prompt = Prompts, max_tokens = 8, echo = true };
        JsonElement done = await shared.Client.RunAsync("completion", new { parameters });
        Assert.Equal("text_completion", done.GetProperty("object").GetString());
        JsonElement[] choices = [.. done.GetProperty("choices").EnumerateArray()];
        Assert.StartsWith(Prompts[0] + " there was", choices[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.StartsWith(Prompts[1] + " Tokyo", choices[1].GetProperty("text").GetString(), StringComparison.Ordinal);

        JsonElement[] chunks = [.. (await shared.Client.RunAsync("completion_stream", new { parameters })).EnumerateArray()];
        for (int index = 0; index < choices.Length; index++)
        {
            Assert.Equal(
                choices[index].GetProperty("text").GetString(),
                string.Concat(chunks.Select(static chunk => chunk.GetProperty("choices")[0])
                    .Where(choice => choice.GetProperty("index").GetInt32() == index)
                    .Select(static choice => choice.GetProperty("text").GetString())));
        }
    }

    [Fact]
    public async Task Completions_tell_logprobs_in_four_arrays()
    {
        JsonElement done = await shared.Client.RunAsync("completion", new { parameters = new { prompt = Prompts[0], max_tokens = 4, logprobs = 3 } });
        JsonElement choice = done.GetProperty("choices")[0];
        JsonElement logprobs = choice.GetProperty("logprobs");
        Assert.Equal(choice.GetProperty("text").GetString(), string.Concat(logprobs.GetProperty("tokens").EnumerateArray().Select(static token => token.GetString())));
        Assert.Equal(4, logprobs.GetProperty("token_logprobs").GetArrayLength());
        Assert.Equal(3, logprobs.GetProperty("top_logprobs")[0].EnumerateObject().Count());
        Assert.Equal(0, logprobs.GetProperty("text_offset")[0].GetInt32());
        Assert.Equal("length", choice.GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Vectors_come_as_numbers_and_as_bytes_and_shortened()
    {
        // The client asks for base64 by itself and decodes it.
        JsonElement decoded = await shared.Client.RunAsync("embeddings", new { parameters = new { input = Texts } });
        JsonElement numbers = await shared.Client.RunAsync("embeddings", new { parameters = new { input = Texts, encoding_format = "float" } });
        Assert.Equal(Vector(numbers, 1), Vector(decoded, 1));
        Assert.Equal(2, numbers.GetProperty("data").GetArrayLength());
        Assert.True(numbers.GetProperty("usage").GetProperty("prompt_tokens").GetInt32() > 8);

        JsonElement tokens = await shared.Client.RunAsync("tokenize", new { parameters = new { content = Texts[1] } });
        JsonElement byTokens = await shared.Client.RunAsync("embeddings", new { parameters = new { input = tokens.GetProperty("tokens"), encoding_format = "float" } });
        Assert.Equal(Vector(numbers, 1), Vector(byTokens, 0));

        JsonElement shortened = await shared.Client.RunAsync("embeddings", new { parameters = new { input = Texts[0], dimensions = 8, encoding_format = "float" } });
        float[] vector = Vector(shortened, 0);
        Assert.Equal(8, vector.Length);
        Assert.Equal(1, vector.Sum(static value => value * value), tolerance: 1e-4);
    }

    [Fact]
    public async Task Documents_are_ranked_by_what_they_are_about()
    {
        JsonElement ranked = await shared.Client.RunAsync("rerank", new
        {
            parameters = new { query = Question, documents = Documents, top_n = 2, return_documents = true },
        });
        JsonElement[] results = [.. ranked.GetProperty("results").EnumerateArray()];
        Assert.Equal(2, results.Length);
        Assert.Equal(2, results[0].GetProperty("index").GetInt32());
        Assert.Equal("What is the capital of Italy?", results[0].GetProperty("document").GetProperty("text").GetString());
        Assert.True(results[0].GetProperty("relevance_score").GetDouble() > results[1].GetProperty("relevance_score").GetDouble());
    }

    [Fact]
    public async Task Text_becomes_tokens_and_tokens_text()
    {
        JsonElement pieces = await shared.Client.RunAsync("tokenize", new { parameters = new { content = Question, with_pieces = true } });
        JsonElement tokens = await shared.Client.RunAsync("tokenize", new { parameters = new { content = Question } });
        Assert.Equal(Question, string.Concat(pieces.GetProperty("tokens").EnumerateArray().Select(static token => token.GetProperty("piece").GetString())));
        JsonElement text = await shared.Client.RunAsync("detokenize", new { parameters = new { tokens = tokens.GetProperty("tokens") } });
        Assert.Equal(Question, text.GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("raw_chat", """{"messages":[{"role":"user","content":"x"}],"reasoning_effort":"low"}""", "reasoning_effort")]
    [InlineData("raw_chat", """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]}""", "messages[0].content[0].type")]
    [InlineData("raw_chat", """{"messages":[{"role":"user","content":"x"}],"logit_bias":{"100000":1}}""", "logit_bias")]
    [InlineData("completion", """{"prompt":"x","suffix":"y"}""", "suffix")]
    [InlineData("completion", """{"prompt":"x","best_of":2}""", "best_of")]
    [InlineData("completion", """{"prompt":[100000]}""", "prompt")]
    [InlineData("embeddings", """{"input":[]}""", "input")]
    [InlineData("embeddings", """{"input":"x","dimensions":0}""", "dimensions")]
    [InlineData("rerank", """{"query":"x","documents":[]}""", "documents")]
    public async Task What_cannot_be_done_is_a_400_that_names_the_field(string operation, string parameters, string param)
    {
        using JsonDocument body = JsonDocument.Parse(parameters);
        JsonElement error = await shared.Client.FailAsync(operation, new { parameters = body.RootElement });
        Assert.Equal(400, error.GetProperty("status").GetInt32());
        Assert.Equal(param, error.GetProperty("param").GetString());
    }

    private static string? Token(JsonElement token) => token.GetProperty("token").GetString();

    private static float[] Vector(JsonElement embeddings, int index) =>
        [.. embeddings.GetProperty("data")[index].GetProperty("embedding").EnumerateArray().Select(static value => value.GetSingle())];
}
