using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

public sealed class LlamaEngineTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private const string Story = "Tell me a story.";

    private const string WeatherTool =
        """[{"type":"function","function":{"name":"get_weather","description":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]""";

    private readonly LlamaEngine _engine = fixture.Engine;

    [Fact]
    public async Task An_answer_streams_token_by_token_and_ends_with_its_usage()
    {
        Answer answer = await _engine.AskAsync(Ask.Request("What is the capital of Japan?"));

        Assert.Equal("The capital of Japan is Tokyo.", answer.Text);
        Assert.True(answer.Deltas.Count > 1, "the answer came in one piece");
        Assert.Equal(FinishReason.Stop, answer.Reason);
        Assert.Equal(InferenceFault.None, answer.End!.Fault);
        Assert.Equal((uint)answer.Tokens.Count, answer.End.Usage.CompletionTokens);
        Assert.True(answer.End.Usage.PromptTokens > 5);
        Assert.Empty(answer.Prefills);
        Assert.Equal(Enumerable.Range(0, answer.Tokens.Count).Select(i => (uint)i), answer.Deltas.Select(d => d.Offset));
    }

    [Fact]
    public async Task A_prompt_that_takes_several_steps_tells_how_far_it_is()
    {
        using CancellationTokenSource enough = new();
        Task others = KeepDecodingAsync(enough.Token);
        Answer answer = new();
        for (int round = 0; answer.Prefills.Count == 0; round++)
        {
            // Other requests make the pieces small; until they decode, a prompt may still be computed in one step.
            answer = await _engine.AskAsync(Ask.Request($"{round} " + string.Concat(Enumerable.Repeat("cold day ", 80))));
        }

        Assert.InRange(answer.Prefills[0].TokensDone, 1u, answer.Prefills[0].TokensTotal - 1);
        Assert.Equal(answer.End!.Usage.PromptTokens, answer.Prefills[0].TokensTotal);
        await enough.CancelAsync();
        await others;

        async Task KeepDecodingAsync(CancellationToken cancellationToken)
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                _ = await _engine.AskAsync(Ask.Request("What is the capital of Japan?", temperature: 2), CancellationToken.None);
            }
        }
    }

    [Fact]
    public void The_card_describes_the_model()
    {
        ModelCard card = _engine.Model.Card;

        Assert.Equal("darkbloom-tiny", card.Id);
        Assert.Equal(32, card.Sha256.Length);
        Assert.Equal(894_080UL, card.Parameters);
        Assert.Equal(320U, card.ContextTokens);
        Assert.StartsWith("db_", card.Fingerprint, StringComparison.Ordinal);
        Assert.True(card.Chat);
        Assert.True(card.Tools);
        Assert.Equal(EngineFixture.Slots, _engine.Model.Slots);
    }

    [Fact]
    public async Task Equal_seeds_draw_equal_tokens_and_other_seeds_others()
    {
        Answer first = await _engine.AskAsync(Ask.Request(Story, temperature: 1, seed: 7));
        Answer again = await _engine.AskAsync(Ask.Request(Story, temperature: 1, seed: 7));
        Answer other = await _engine.AskAsync(Ask.Request(Story, temperature: 1, seed: 8));

        Assert.Equal(first.Tokens, again.Tokens);
        Assert.NotEqual(first.Tokens, other.Tokens);
    }

    [Fact]
    public async Task Concurrent_requests_each_get_their_own_answer()
    {
        (string Country, string City)[] capitals =
        [
            ("France", "Paris"), ("Germany", "Berlin"), ("Italy", "Rome"), ("Spain", "Madrid"), ("Japan", "Tokyo"),
            ("Egypt", "Cairo"), ("Greece", "Athens"), ("Norway", "Oslo"), ("Peru", "Lima"), ("Kenya", "Nairobi"),
        ];

        Answer[] answers = await Task.WhenAll(
            capitals.Select(c => _engine.AskAsync(Ask.Request($"What is the capital of {c.Country}?"))));

        Assert.Equal(capitals.Select(c => $"The capital of {c.Country} is {c.City}."), answers.Select(a => a.Text));
    }

    [Fact]
    public async Task A_stop_string_ends_the_text_before_it()
    {
        GenerateRequest request = Ask.Request("Count to 9.");
        request.Stop.Add("six");
        Answer answer = await _engine.AskAsync(request);

        Assert.Equal("one two three four five ", answer.Text);
        Assert.Equal(FinishReason.Stop, answer.Reason);
    }

    [Fact]
    public async Task Text_that_only_began_like_a_stop_string_is_told_at_the_end()
    {
        GenerateRequest request = Ask.Request("What is the capital of Japan?");
        request.Stop.Add("Tokyo. And more");
        Answer answer = await _engine.AskAsync(request);

        Assert.Equal("The capital of Japan is Tokyo.", answer.Text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_output_has_no_more_tokens_than_asked_for(uint tokens)
    {
        GenerateRequest request = Ask.Request(Story);
        request.OutputTokensMax = tokens;
        Answer answer = await _engine.AskAsync(request);

        Assert.Equal((int)tokens, answer.Tokens.Count);
        Assert.Equal(FinishReason.Length, answer.Reason);
    }

    [Fact]
    public async Task Each_choice_is_drawn_under_its_own_seed()
    {
        GenerateRequest request = Ask.Request(Story, temperature: 1, seed: 40);
        request.Choices = 2;
        Answer both = await _engine.AskAsync(request);
        Answer second = await _engine.AskAsync(Ask.Request(Story, temperature: 1, seed: 41));

        Assert.Equal([0U, 1U], both.ChoiceEnds.Select(e => e.Choice).Order());
        Assert.NotEqual(both.TokensOf(0), both.TokensOf(1));
        Assert.Equal(second.Tokens, both.TokensOf(1));
    }

    [Fact]
    public async Task More_choices_than_slots_are_all_answered()
    {
        GenerateRequest request = Ask.Request("What is the capital of Japan?");
        request.Choices = RequestReader.ChoicesMax;
        Answer answer = await _engine.AskAsync(request);

        Assert.Equal(RequestReader.ChoicesMax, answer.ChoiceEnds.Count);
        Assert.All(
            Enumerable.Range(0, RequestReader.ChoicesMax),
            choice => Assert.Equal("The capital of Japan is Tokyo.", answer.Content((uint)choice)));
    }

    [Fact]
    public async Task Penalties_change_what_is_repeated()
    {
        GenerateRequest request = Ask.Request(Story);
        Answer plain = await _engine.AskAsync(request);
        request.Sampling.FrequencyPenalty = 2;
        request.Sampling.PresencePenalty = 2;
        Answer penalized = await _engine.AskAsync(request);

        Assert.NotEqual(plain.Tokens, penalized.Tokens);
        Assert.True(penalized.Tokens.Distinct().Count() * plain.Tokens.Count > plain.Tokens.Distinct().Count() * penalized.Tokens.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("auto")]
    [InlineData("required")]
    [InlineData("""{"type":"function","function":{"name":"get_weather"}}""")]
    public async Task A_tool_call_is_told_as_a_call(string choice)
    {
        GenerateRequest request = Ask.Request("What is the weather in Oslo?");
        request.ToolsJson = WeatherTool;
        request.ToolChoice = choice;
        Answer answer = await _engine.AskAsync(request);

        List<ToolCallDelta> deltas = [.. answer.Deltas.SelectMany(d => d.ToolCalls)];
        Assert.Equal(FinishReason.ToolCalls, answer.Reason);
        Assert.Equal("", answer.Text);
        Assert.Equal("get_weather", string.Concat(deltas.Select(d => d.Name)));
        Assert.StartsWith("call_", Assert.Single(deltas, d => d.Id.Length > 0).Id, StringComparison.Ordinal);
        using JsonDocument arguments = JsonDocument.Parse(string.Concat(deltas.Select(d => d.Arguments)));
        Assert.Equal("Oslo", arguments.RootElement.GetProperty("city").GetString());
    }

    [Fact]
    public async Task Plain_text_stays_text_beside_tools()
    {
        GenerateRequest request = Ask.Request("What is the capital of Japan?");
        request.ToolsJson = WeatherTool;
        Answer answer = await _engine.AskAsync(request);

        Assert.Equal("The capital of Japan is Tokyo.", answer.Text);
        Assert.Equal(FinishReason.Stop, answer.Reason);
        Assert.True(answer.Deltas.Count(d => d.Content.Length > 0) > 1, "the text came in one piece");
    }

    [Fact]
    public async Task A_response_schema_is_obeyed()
    {
        GenerateRequest request = Ask.Request("What is 3 + 4?", temperature: 1);
        request.ResponseSchemaJson =
            """{"type":"object","properties":{"answer":{"enum":["yes","no"]}},"required":["answer"],"additionalProperties":false}""";
        Answer answer = await _engine.AskAsync(request);

        using JsonDocument json = JsonDocument.Parse(answer.Text);
        Assert.True(json.RootElement.GetProperty("answer").GetString() is "yes" or "no");
        Assert.Equal(FinishReason.Stop, answer.Reason);
    }

    [Fact]
    public async Task Leaving_early_frees_the_slots()
    {
        for (int request = 0; request < 3 * EngineFixture.Slots; request++)
        {
            await foreach (NodeResponse response in _engine.GenerateAsync(Ask.Request(Story), CancellationToken.None))
            {
                if (response.BodyCase == NodeResponse.BodyOneofCase.Delta)
                {
                    break;
                }
            }
        }

        Answer answer = await _engine.AskAsync(Ask.Request("What is the capital of Japan?"));
        Assert.Equal("The capital of Japan is Tokyo.", answer.Text);
    }

    [Fact]
    public async Task Cancelling_throws_in_the_reader_and_nowhere_else()
    {
        using CancellationTokenSource cancellation = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (NodeResponse response in _engine.GenerateAsync(Ask.Request(Story), cancellation.Token))
            {
                await cancellation.CancelAsync();
            }
        });

        Answer answer = await _engine.AskAsync(Ask.Request("What is the capital of Japan?"));
        Assert.Equal("The capital of Japan is Tokyo.", answer.Text);
    }

    [Fact]
    public async Task A_reader_that_stands_still_does_not_stop_the_others()
    {
        await using IAsyncEnumerator<NodeResponse> still =
            _engine.GenerateAsync(Ask.Request(Story), CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await still.MoveNextAsync());

        for (int request = 0; request < 2 * EngineFixture.Slots; request++)
        {
            Answer answer = await _engine.AskAsync(Ask.Request("What is the capital of Italy?"));
            Assert.Equal("The capital of Italy is Rome.", answer.Text);
        }

        Answer rest = new();
        do
        {
            rest.Add(still.Current);
        }
        while (await still.MoveNextAsync());

        Answer whole = await _engine.AskAsync(Ask.Request(Story));
        Assert.Equal(whole.Text, rest.Text);
    }

    [Fact]
    public async Task A_prompt_that_fills_the_context_is_a_fault_with_both_counts()
    {
        Answer answer = await _engine.AskAsync(Ask.Request(string.Concat(Enumerable.Repeat("capital of Japan ", 200))));

        Assert.Equal(InferenceFault.ContextLengthExceeded, answer.End!.Fault);
        Assert.Contains("320", answer.End.Detail, StringComparison.Ordinal);
        Assert.Empty(answer.Deltas);
    }

    [Fact]
    public async Task A_prompt_of_megabytes_is_refused_without_tokenizing_it()
    {
        Answer answer = await _engine.AskAsync(Ask.Request(new string('x', 10_000_000)));

        Assert.Equal(InferenceFault.ContextLengthExceeded, answer.End!.Fault);
        Assert.Contains("at least", answer.End.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_output_that_fills_the_context_ends_for_its_length()
    {
        GenerateRequest request = Ask.Request(string.Concat(Enumerable.Repeat("one two three ", 60)) + "Count to 12.");
        request.ResponseSchemaJson = """{"type":"array","items":{"type":"integer"},"minItems":400}""";
        Answer answer = await _engine.AskAsync(request);

        Assert.Equal(FinishReason.Length, answer.Reason);
        Assert.Equal(320U, answer.End!.Usage.PromptTokens + answer.End.Usage.CompletionTokens - 1);
    }

    [Fact]
    public async Task A_repeated_prompt_is_taken_from_the_cache()
    {
        GenerateRequest request = Ask.Request("What is the opposite of full? Tell me the opposite.");
        await _engine.AskAsync(request);
        Answer again = await _engine.AskAsync(request);

        Assert.Equal(again.End!.Usage.PromptTokens - 1, again.End.Usage.CachedPromptTokens);
    }

    [Fact]
    public async Task The_prompt_of_many_choices_is_computed_once_and_all_agree_with_the_first()
    {
        GenerateRequest request = Ask.Request(
            "Once upon a time there was a kind small brave happy fox. It went to the forest and the river and the park "
            + "and the garden and found a red shiny little old big ball. What is the capital of Spain?");
        request.Choices = EngineFixture.Slots;
        Answer answer = await _engine.AskAsync(request);

        Assert.All(
            Enumerable.Range(1, EngineFixture.Slots - 1),
            choice => Assert.Equal(answer.TokensOf(0), answer.TokensOf((uint)choice)));
        Assert.Equal(EngineFixture.Slots, answer.ChoiceEnds.Count);
    }

    [Theory]
    [MemberData(nameof(InvalidRequests))]
    public async Task An_invalid_request_is_a_fault_that_names_the_field(string field, Action<GenerateRequest> spoil)
    {
        GenerateRequest request = Ask.Request("Hello");
        spoil(request);
        Answer answer = await _engine.AskAsync(request);

        Assert.Equal(InferenceFault.InvalidRequest, answer.End!.Fault);
        Assert.Contains(field, answer.End.Detail, StringComparison.Ordinal);
        Assert.Empty(answer.Deltas);
    }

    public static TheoryData<string, Action<GenerateRequest>> InvalidRequests => new()
    {
        { "messages", r => r.Messages.Clear() },
        { "messages", r => r.Messages[0].Content = "a\0b" },
        { "role", r => r.Messages[0].Role = "wizard" },
        { "choices", r => r.Choices = 0 },
        { "choices", r => r.Choices = RequestReader.ChoicesMax + 1 },
        { "stop", r => r.Stop.Add("") },
        { "stop", r => r.Stop.AddRange(Enumerable.Repeat("x", RequestReader.StopsMax + 1)) },
        { "stop", r => r.Stop.Add(new string('x', RequestReader.StopCharactersMax + 1)) },
        { "sampling", r => r.Sampling = null },
        { "temperature", r => r.Sampling.Temperature = 2.01f },
        { "temperature", r => r.Sampling.Temperature = float.NaN },
        { "top_p", r => r.Sampling.TopP = 0 },
        { "top_k", r => r.Sampling.TopK = -1 },
        { "min_p", r => r.Sampling.MinP = 1.5f },
        { "frequency_penalty", r => r.Sampling.FrequencyPenalty = -2.5f },
        { "presence_penalty", r => r.Sampling.PresencePenalty = float.PositiveInfinity },
        { "tools", r => r.ToolsJson = "{" },
        { "tools", r => r.ToolsJson = "{}" },
        { "tools", r => r.ToolsJson = new string('[', 1000) },
        { "tools", r => r.ToolsJson = """[{"type":"function"}]""" },
        { "tool_choice", r => r.ToolChoice = "required" },
        { "tool_choice", r => { r.ToolsJson = WeatherTool; r.ToolChoice = "maybe"; } },
        { "tool_choice", r => { r.ToolsJson = WeatherTool; r.ToolChoice = """{"function":{"name":"other"}}"""; } },
        { "schema", r => r.ResponseSchemaJson = "[]" },
        { "schema", r => r.ResponseSchemaJson = new string(' ', RequestReader.SchemaCharactersMax + 1) },
        { "schema", r => r.ResponseSchemaJson = """{"type":"object","properties":{"a":{"$ref":"#/nowhere"}}}""" },
    };
}
