using System;
using System.Linq;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi.Requests;

public sealed class ChatRequestParserTests
{
    [Fact]
    public void A_minimal_request_gets_every_default_that_a_node_needs()
    {
        ChatRequest request = Parsing.Accept(GatewayHarness.ChatBody());
        GenerateRequest generate = request.Generate;
        Assert.Equal("acme/tiny", generate.Model);
        Assert.Equal(16, generate.RequestId.Length);
        Assert.Equal(new Sampling { Temperature = 1, TopP = 1, Seed = Parsing.Seed }, generate.Sampling);
        Assert.Equal((1u, 0u), (generate.Choices, generate.OutputTokensMax));
        Assert.Empty(generate.Stop);
        Assert.True(generate.ParallelToolCalls);
        Assert.Equal(("", "", ""), (generate.ToolsJson, generate.ToolChoice, generate.ResponseSchemaJson));
        Assert.Null(request.Stream);
    }

    [Fact]
    public void Every_field_reaches_the_request()
    {
        ChatRequest request = Parsing.Accept(GatewayHarness.ChatBody("""
            "stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},"max_completion_tokens":9,
            "temperature":0.25,"top_p":0.5,"top_k":40,"min_p":0.125,"frequency_penalty":-2,"presence_penalty":2,"seed":-1,
            "stop":["a","b"],"n":3,"parallel_tool_calls":false,"repetition_penalty":1.5,"logit_bias":{"7":-100,"8":0.5},
            "logprobs":true,"top_logprobs":20,"reasoning_effort":"low"
            """));
        Assert.Equal(new StreamOptions(IncludeUsage: true, IncludeObfuscation: false), request.Stream);
        Assert.Equal(
            new Sampling
            {
                Temperature = 0.25f,
                TopP = 0.5f,
                TopK = 40,
                MinP = 0.125f,
                FrequencyPenalty = -2,
                PresencePenalty = 2,
                Seed = ulong.MaxValue,
                RepetitionPenalty = 1.5f,
                LogitBias = { [7] = -100, [8] = 0.5f },
            },
            request.Generate.Sampling);
        Assert.Equal((9u, 3u, false), (request.Generate.OutputTokensMax, request.Generate.Choices, request.Generate.ParallelToolCalls));
        Assert.Equal(["a", "b"], request.Generate.Stop);
        Assert.Equal((true, 20u, "low"), (request.Generate.Logprobs, request.Generate.TopLogprobs, request.Generate.ReasoningEffort));
    }

    [Theory]
    [InlineData("\"temperature\":null,\"stream\":null,\"stream_options\":null,\"stop\":null,\"n\":null,\"seed\":null,\"tools\":null,\"tool_choice\":null")]
    [InlineData("\"response_format\":null,\"max_tokens\":null,\"max_completion_tokens\":5,\"metadata\":null,\"store\":null,\"user\":null")]
    [InlineData("\"logprobs\":false,\"top_logprobs\":0,\"logit_bias\":{},\"modalities\":[\"text\"],\"functions\":[],\"function_call\":\"none\"")]
    [InlineData("\"logprobs\":null,\"audio\":null,\"prediction\":null,\"reasoning_effort\":null,\"web_search_options\":null,\"verbosity\":\"medium\"")]
    [InlineData("\"user\":\"u\",\"safety_identifier\":\"s\",\"prompt_cache_key\":\"k\",\"store\":false,\"metadata\":{\"a\":\"b\"}")]
    [InlineData("\"service_tier\":\"auto\"")]
    [InlineData("\"service_tier\":\"default\"")]
    [InlineData("\"service_tier\":\"flex\",\"store\":true,\"prompt_cache_retention\":\"24h\"")]
    [InlineData("\"prediction\":{\"type\":\"content\",\"content\":\"x\"}")]
    [InlineData("\"prediction\":{\"type\":\"content\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}")]
    [InlineData("\"repeat_penalty\":1.1")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":0")]
    [InlineData("\"stream\":true,\"stream_options\":{}")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":null}")]
    [InlineData("\"stop\":[]")]
    [InlineData("\"stop\":\"x\"")]
    [InlineData("\"max_tokens\":5.0")]
    [InlineData("\"n\":1e0")]
    [InlineData("\"tools\":[]")]
    [InlineData("\"tool_choice\":\"auto\"")]
    [InlineData("\"tool_choice\":\"none\"")]
    [InlineData("\"response_format\":{\"type\":\"text\"}")]
    public void What_changes_nothing_is_accepted(string more) => Parsing.Accept(GatewayHarness.ChatBody(more));

    [Theory]
    [InlineData("\"temperature\":0", null)]
    [InlineData("\"temperature\":2", null)]
    [InlineData("\"temperature\":2.001", "decimal_above_max_value")]
    [InlineData("\"temperature\":-0.001", "decimal_below_min_value")]
    [InlineData("\"temperature\":1e999", "decimal_above_max_value")]
    [InlineData("\"temperature\":\"1\"", "invalid_type")]
    [InlineData("\"top_p\":1", null)]
    [InlineData("\"top_p\":0", "decimal_below_min_value")]
    [InlineData("\"top_p\":1e-320", "decimal_below_min_value")]
    [InlineData("\"top_p\":0.000001", null)]
    [InlineData("\"top_p\":1.001", "decimal_above_max_value")]
    [InlineData("\"min_p\":1.001", "decimal_above_max_value")]
    [InlineData("\"min_p\":-0.001", "decimal_below_min_value")]
    [InlineData("\"top_k\":-1", "integer_below_min_value")]
    [InlineData("\"top_k\":2147483647", null)]
    [InlineData("\"top_k\":2147483648", "integer_above_max_value")]
    [InlineData("\"frequency_penalty\":-2.001", "decimal_below_min_value")]
    [InlineData("\"frequency_penalty\":2.001", "decimal_above_max_value")]
    [InlineData("\"presence_penalty\":-2.001", "decimal_below_min_value")]
    [InlineData("\"presence_penalty\":2.001", "decimal_above_max_value")]
    [InlineData("\"n\":0", "integer_below_min_value")]
    [InlineData("\"n\":8", null)]
    [InlineData("\"n\":9", "integer_above_max_value")]
    [InlineData("\"n\":1.5", "invalid_type")]
    [InlineData("\"max_tokens\":0", "integer_below_min_value")]
    [InlineData("\"max_tokens\":1", null)]
    [InlineData("\"max_tokens\":2147483647", null)]
    [InlineData("\"max_tokens\":2147483648", "integer_above_max_value")]
    [InlineData("\"max_completion_tokens\":0", "integer_below_min_value")]
    [InlineData("\"max_completion_tokens\":true", "invalid_type")]
    [InlineData("\"seed\":9223372036854775807", null)]
    [InlineData("\"seed\":-9223372036854775808", null)]
    [InlineData("\"seed\":9223372036854775808", "integer_above_max_value")]
    [InlineData("\"seed\":-1e30", "integer_below_min_value")]
    [InlineData("\"seed\":\"1\"", "invalid_type")]
    [InlineData("\"stop\":\"\"", "empty_string")]
    [InlineData("\"stop\":[\"a\",\"b\",\"c\",\"d\"]", null)]
    [InlineData("\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "array_above_max_length")]
    [InlineData("\"stop\":5", "invalid_type")]
    [InlineData("\"stream\":1", "invalid_type")]
    [InlineData("\"parallel_tool_calls\":\"no\"", "invalid_type")]
    [InlineData("\"metadata\":[]", "invalid_type")]
    [InlineData("\"store\":\"yes\"", "invalid_type")]
    [InlineData("\"service_tier\":\"gold\"", "invalid_value")]
    [InlineData("\"prompt_cache_retention\":\"1h\"", "invalid_value")]
    [InlineData("\"prediction\":1", "invalid_type")]
    [InlineData("\"logprobs\":0", "invalid_type")]
    [InlineData("\"top_logprobs\":1", "invalid_parameter_combination")]
    [InlineData("\"top_logprobs\":21", "integer_above_max_value")]
    [InlineData("\"reasoning_effort\":\"wild\"", "invalid_value")]
    [InlineData("\"repetition_penalty\":2", null)]
    [InlineData("\"repetition_penalty\":0", "decimal_below_min_value")]
    [InlineData("\"repetition_penalty\":2.001", "decimal_above_max_value")]
    [InlineData("\"logit_bias\":[]", "invalid_type")]
    [InlineData("\"user\":7", "invalid_type")]
    [InlineData("\"tool_choice\":\"required\"", "invalid_parameter_combination")]
    [InlineData("\"tool_choice\":\"sometimes\"", "invalid_value")]
    [InlineData("\"stream_options\":{\"include_usage\":true}", "invalid_parameter_combination")]
    public void Each_range_ends_where_it_says(string more, string? code)
    {
        if (code is null)
        {
            Parsing.Accept(GatewayHarness.ChatBody(more));
            return;
        }

        ApiError error = Parsing.Reject(GatewayHarness.ChatBody(more));
        Assert.Equal((400, code), (error.Status, error.Code));
        Assert.Equal(more.Split('"')[1], error.Param);
    }

    [Theory]
    [InlineData("\"stop\":[\"a\",\"\"]", "stop[1]")]
    [InlineData("\"stop\":[\"a\",null]", "stop[1]")]
    [InlineData("\"stream\":true,\"stream_options\":[]", "stream_options")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":1}", "stream_options.include_usage")]
    [InlineData("\"stream\":true,\"stream_options\":{\"extra\":1}", "stream_options.extra")]
    [InlineData("\"metadata\":{\"a\":1}", "metadata.a")]
    [InlineData("\"logit_bias\":{\"x\":1}", "logit_bias.x")]
    [InlineData("\"logit_bias\":{\"-1\":1}", "logit_bias.-1")]
    [InlineData("\"logit_bias\":{\"4294967296\":1}", "logit_bias.4294967296")]
    [InlineData("\"logit_bias\":{\"1\":100.5}", "logit_bias.1")]
    [InlineData("\"logit_bias\":{\"1\":true}", "logit_bias.1")]
    [InlineData("\"prediction\":{}", "prediction.type")]
    [InlineData("\"prediction\":{\"type\":\"content\"}", "prediction.content")]
    [InlineData("\"prediction\":{\"type\":\"x\",\"content\":\"\"}", "prediction.type")]
    [InlineData("\"max_tokens\":1,\"max_completion_tokens\":1", "max_tokens")]
    public void A_fault_inside_a_field_is_named_by_its_path(string more, string param) =>
        Assert.Equal(param, Parsing.Reject(GatewayHarness.ChatBody(more)).Param);

    [Theory]
    [InlineData("audio", "{}")]
    [InlineData("function_call", "\"auto\"")]
    [InlineData("functions", "[{}]")]
    [InlineData("modalities", "[\"text\",\"audio\"]")]
    [InlineData("modalities", "[]")]
    [InlineData("moderation", "{}")]
    [InlineData("prompt_cache_options", "{}")]
    [InlineData("verbosity", "\"low\"")]
    [InlineData("web_search_options", "{}")]
    public void A_field_that_cannot_be_honoured_is_refused_by_name_with_advice(string name, string value)
    {
        ApiError error = Parsing.Reject(GatewayHarness.ChatBody($"\"{name}\":{value}"));
        Assert.Equal((400, "unsupported_parameter", name), (error.Status, error.Code, error.Param));
        Assert.Contains($"'{name}'", error.Message, StringComparison.Ordinal);
        Assert.Matches("(Remove|remove|Use|Send)", error.Message);
    }

    [Theory]
    [InlineData("\"frobnicate\":1")]
    [InlineData("\"frobnicate\":null")]
    public void An_unknown_field_is_refused_in_openais_words(string more)
    {
        ApiError error = Parsing.Reject(GatewayHarness.ChatBody(more));
        Assert.Equal("Unrecognized request argument supplied: frobnicate", error.Message);
        Assert.Equal("unknown_parameter", error.Code);
    }

    [Theory]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "model", "missing_required_parameter")]
    [InlineData("{\"model\":null,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "model", "missing_required_parameter")]
    [InlineData("{\"model\":\"\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "model", "empty_string")]
    [InlineData("{\"model\":3,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "model", "invalid_type")]
    [InlineData("{\"model\":\"m\"}", "messages", "missing_required_parameter")]
    [InlineData("{\"model\":\"m\",\"messages\":null}", "messages", "missing_required_parameter")]
    public void Model_and_messages_are_required(string body, string param, string code)
    {
        ApiError error = Parsing.Reject(body);
        Assert.Equal((param, code), (error.Param, error.Code));
    }

    [Theory]
    [InlineData("\"model\":\"{0}\"", CommonFields.ModelCharsMax)]
    [InlineData("\"model\":\"m\",\"stop\":\"{0}\"", CommonFields.StopCharsMax)]
    [InlineData("\"model\":\"m\",\"user\":\"{0}\"", HarmlessFields.LabelCharsMax)]
    [InlineData("\"model\":\"m\",\"metadata\":{{\"{0}\":\"\"}}", HarmlessFields.MetadataKeyCharsMax)]
    [InlineData("\"model\":\"m\",\"metadata\":{{\"a\":\"{0}\"}}", HarmlessFields.MetadataValueCharsMax)]
    public void Text_has_a_longest_length(string format, int max)
    {
        string Body(int length) =>
            "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
            + format.Replace("{{", "{", StringComparison.Ordinal).Replace("}}", "}", StringComparison.Ordinal)
                .Replace("{0}", new string('x', length), StringComparison.Ordinal)
            + "}";
        Parsing.Accept(Body(max - 1));
        Parsing.Accept(Body(max));
        Assert.Equal("string_above_max_length", Parsing.Reject(Body(max + 1)).Code);
    }

    [Fact]
    public void Metadata_has_a_largest_size()
    {
        string Pairs(int count) =>
            "\"metadata\":{" + string.Join(',', Enumerable.Range(0, count).Select(i => $"\"k{i}\":\"v\"")) + "}";
        Parsing.Accept(GatewayHarness.ChatBody(Pairs(HarmlessFields.MetadataPairsMax - 1)));
        Parsing.Accept(GatewayHarness.ChatBody(Pairs(HarmlessFields.MetadataPairsMax)));
        Assert.Equal("object_above_max_length", Parsing.Reject(GatewayHarness.ChatBody(Pairs(HarmlessFields.MetadataPairsMax + 1))).Code);
    }

    [Fact]
    public void A_bias_names_most_tokens()
    {
        string Bias(int count) =>
            "\"logit_bias\":{" + string.Join(',', Enumerable.Range(0, count).Select(i => $"\"{i}\":1")) + "}";
        Parsing.Accept(GatewayHarness.ChatBody(Bias(CommonFields.LogitBiasMax)));
        Assert.Equal("object_above_max_length", Parsing.Reject(GatewayHarness.ChatBody(Bias(CommonFields.LogitBiasMax + 1))).Code);
    }

    [Theory]
    [InlineData("""{"role":"assistant","content":"It is"}""", true)]
    [InlineData("""{"role":"assistant","content":""}""", false)]
    [InlineData("""{"role":"user","content":"It is"}""", false)]
    public void An_assistant_message_at_the_end_is_continued(string last, bool continued)
    {
        string messages = $$"""{"model":"m","messages":[{"role":"user","content":"Hi"},{{last}}]""";
        Assert.Equal(continued, Parsing.Accept(messages + "}").Generate.ContinuesFinalMessage);
        ApiError? error = Parsing.Parse(messages + ""","response_format":{"type":"json_object"}}""", out _);
        Assert.Equal(continued ? "response_format" : null, error?.Param);
    }

    [Fact]
    public void A_request_must_fit_one_message_of_the_mesh()
    {
        string Body(int chars) => $$"""{"model":"m","messages":[{"role":"user","content":"{{new string('x', chars)}}"}]}""";

        // All but the content has the same size while the content's length takes the same number of bytes.
        int rest = Parsing.Accept(Body(3_000_000)).Generate.CalculateSize() - 3_000_000;
        Parsing.Accept(Body(HttpLimits.GenerateBytesMax - rest - 1));
        Parsing.Accept(Body(HttpLimits.GenerateBytesMax - rest));
        ApiError error = Parsing.Reject(Body(HttpLimits.GenerateBytesMax - rest + 1));
        Assert.Equal((413, "request_too_large"), (error.Status, error.Code));
    }
}
