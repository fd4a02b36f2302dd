using System;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

/// <summary>Completions, vectors, ranks and tokens on the wire.</summary>
public sealed class TextEndpointTests
{
    private static readonly TokenChance Hel = new() { Token = 1, Text = ByteString.CopyFromUtf8("Hel"), Logprob = -0.5f };

    [Fact]
    public async Task A_completion_is_written_as_openai_writes_it()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("Hel"), Say.Text("lo"), Say.Stop(reason: FinishReason.Length), Say.End());
        JsonNode body = await PostAsync(inference, "/v1/completions", """{"model":"acme/tiny","prompt":"Say","suffix":"!"}""");

        Assert.Equal("text_completion", body["object"]!.GetValue<string>());
        Assert.StartsWith("cmpl-", body["id"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("""{"text":"Hello","index":0,"logprobs":null,"finish_reason":"length"}""", body["choices"]![0]!.ToJsonString());
        Assert.Equal(10, body["usage"]!["total_tokens"]!.GetValue<int>());
        GenerateRequest asked = await inference.Called;
        Assert.Equal(("Say", "!", 16u), (asked.Completion.Prompt.Text, asked.Completion.Suffix, asked.OutputTokensMax));
    }

    [Fact]
    public async Task Choices_of_several_prompts_are_numbered_through()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("a"), Say.Text("b", 1), Say.Stop(), Say.Stop(1), Say.End());
        JsonNode body = await PostAsync(inference, "/v1/completions", """{"model":"acme/tiny","prompt":["x",[1,2]],"n":2}""");

        Assert.Equal(["a", "b"], body["choices"]!.AsArray().Take(2).Select(choice => choice!["text"]!.GetValue<string>()));
        Assert.Equal([0, 1, 2, 3], body["choices"]!.AsArray().Select(choice => choice!["index"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Chat_logprobs_have_bytes_and_alternatives()
    {
        TokenChance chance = Hel.Clone();
        chance.Top.Add(Hel);
        ScriptedInference inference = new ScriptedInference().Answers(Say.Chance("Hel", chance), Say.Stop(), Say.End());
        JsonNode body = await PostAsync(
            inference, GatewayHarness.ChatPath, GatewayHarness.ChatBody("\"logprobs\":true,\"top_logprobs\":1"));

        Assert.Equal(
            """{"content":[{"token":"Hel","logprob":-0.5,"bytes":[72,101,108],"top_logprobs":[{"token":"Hel","logprob":-0.5,"bytes":[72,101,108]}]}],"refusal":null}""",
            body["choices"]![0]!["logprobs"]!.ToJsonString());
    }

    [Theory]
    [InlineData("float", "[0.6,0.8]")]
    [InlineData("base64", "\"mpkZP83MTD8=\"")]
    public async Task Vectors_have_two_forms(string format, string expected)
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Vector(0, 0.6f, 0.8f), Say.Stop(), Say.End());
        JsonNode body = await PostAsync(
            inference, "/v1/embeddings", $$"""{"model":"acme/tiny","input":"x","encoding_format":"{{format}}"}""");

        Assert.Equal(expected, body["data"]![0]!["embedding"]!.ToJsonString());
        Assert.Equal("""{"prompt_tokens":7,"total_tokens":7}""", body["usage"]!.ToJsonString());
    }

    [Theory]
    [InlineData(1, "[1]", null)]
    [InlineData(2, "[0.6,0.8]", null)]
    [InlineData(3, null, "dimensions")]
    public async Task Dimensions_are_as_many_as_there_are(int dimensions, string? expected, string? param)
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Vector(0, 0.6f, 0.8f), Say.Stop(), Say.End());
        JsonNode body = await PostAsync(
            inference, "/v1/embeddings", $$"""{"model":"acme/tiny","input":"x","dimensions":{{dimensions}}}""");

        Assert.Equal(expected, body["data"]?[0]!["embedding"]!.ToJsonString());
        Assert.Equal(param, body["error"]?["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_node_that_sends_fewer_vectors_than_inputs_is_at_fault()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Vector(0, 1), Say.Stop(), Say.End());
        JsonNode body = await PostAsync(inference, "/v1/embeddings", """{"model":"acme/tiny","input":["x","y"]}""");

        Assert.Equal("protocol_violation", body["error"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Documents_are_ranked_by_their_angle_to_the_query()
    {
        ScriptedInference inference = new ScriptedInference()
            .Answers(Say.Vector(0, 1, 0), Say.Vector(1, 0, 1), Say.Vector(2, 1, 0), Say.Vector(3, 0.6f, 0.8f), Say.Stop(), Say.End());
        JsonNode body = await PostAsync(
            inference, "/v1/rerank", """{"model":"acme/tiny","query":"q","documents":["a",{"text":"b"},"c"],"top_n":2,"return_documents":true}""");

        Assert.Equal([1, 2], body["results"]!.AsArray().Select(result => result!["index"]!.GetValue<int>()));
        Assert.Equal("b", body["results"]![0]!["document"]!["text"]!.GetValue<string>());
        Assert.Equal(1.0, body["results"]![0]!["relevance_score"]!.GetValue<double>());
    }

    [Theory]
    [InlineData("/v1/embeddings", """{"model":"plain","input":"x"}""", "model")]
    [InlineData("/v1/rerank", """{"model":"plain","query":"x","documents":["y"]}""", "model")]
    [InlineData("/v1/completions", """{"model":"plain","prompt":"x"}""", "model")]
    [InlineData("/v1/chat/completions", """{"model":"plain","messages":[{"role":"user","content":"x"}],"reasoning_effort":"low"}""", "reasoning_effort")]
    [InlineData("/v1/chat/completions", """{"model":"plain","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f"}}]}""", "tools")]
    [InlineData("/v1/completions", """{"model":"acme/tiny"}""", "prompt")]
    [InlineData("/v1/completions", """{"model":"acme/tiny","prompt":[]}""", "prompt")]
    [InlineData("/v1/completions", """{"model":"acme/tiny","prompt":["a",1]}""", "prompt[1]")]
    [InlineData("/v1/completions", """{"model":"acme/tiny","prompt":[1,-1]}""", "prompt[1]")]
    [InlineData("/v1/completions", """{"model":"acme/tiny","prompt":"x","logprobs":6}""", "logprobs")]
    [InlineData("/v1/completions", """{"model":"acme/tiny","prompt":"x","echo":true,"logprobs":1}""", "echo")]
    [InlineData("/v1/completions", """{"model":"acme/tiny","prompt":"x","best_of":2}""", "best_of")]
    [InlineData("/v1/completions", """{"model":"acme/tiny","prompt":"x","messages":[]}""", "messages")]
    [InlineData("/v1/embeddings", """{"model":"acme/tiny","input":""}""", "input")]
    [InlineData("/v1/embeddings", """{"model":"acme/tiny","input":"x","encoding_format":"int8"}""", "encoding_format")]
    [InlineData("/v1/embeddings", """{"input":"x"}""", "model")]
    [InlineData("/tokenize", """{"content":"x"}""", "model")]
    [InlineData("/tokenize", """{"model":"plain"}""", "content")]
    [InlineData("/detokenize", """{"model":"plain","tokens":["x"]}""", "tokens")]
    public async Task What_cannot_be_served_is_a_400_that_names_the_field(string path, string request, string param)
    {
        ScriptedInference inference = new();
        JsonNode body = await PostAsync(inference, path, request);

        Assert.Equal(param, body["error"]!["param"]!.GetValue<string>());
        Assert.False(inference.Called.IsCompleted);
    }

    [Fact]
    public async Task An_alias_is_served_by_the_model_that_it_names()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("x"), Say.Stop(), Say.End());
        OpenAiServerOptions options = new() { ModelAliases = new OpenAiServerOptions().ModelAliases.Add("gpt-4o-mini", "acme/tiny") };
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference, options);
        using HttpResponseMessage response = await gateway.PostAsync("""{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}""");

        Assert.Equal("acme/tiny", (await GatewayHarness.ReadAsync(response))["model"]!.GetValue<string>());
        Assert.Equal("acme/tiny", (await inference.Called).Model);
        JsonNode model = JsonNode.Parse(await gateway.Client.GetStringAsync("/v1/models/gpt-4o-mini"))!;
        Assert.Equal("""["gpt-4o-mini"]""", model["darkbloom"]!["aliases"]!.ToJsonString());
    }

    private static async Task<JsonNode> PostAsync(ScriptedInference inference, string path, string body)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.PostAsync(body, path);
        return await GatewayHarness.ReadAsync(response);
    }
}
