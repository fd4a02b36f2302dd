using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

public sealed class ContinuationTests : IAsyncLifetime
{
    private const string WeatherTool =
        """[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]""";

    private LlamaEngine _first = null!;
    private LlamaEngine _second = null!;

    public static TheoryData<string> Kinds => ["plain", "sampled", "penalties", "stop", "length", "schema", "tools", "choices", "chances", "chances held", "chances in schema", "chances to length"];

    public async Task InitializeAsync()
    {
        _first = await EngineFixture.LoadAsync();
        _second = await EngineFixture.LoadAsync();
    }

    public async Task DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Another_engine_goes_on_from_any_token_as_if_nothing_had_happened(string kind)
    {
        for (ulong seed = 0; seed < 3; seed++)
        {
            GenerateRequest request = Request(kind, seed);
            Answer whole = await _first.AskAsync(request);
            Assert.Equal(InferenceFault.None, whole.End!.Fault);
            for (int cut = 1; cut <= whole.Deltas.Count; cut++)
            {
                Answer rest = await _second.AskAsync(Continue(request, whole, cut));

                Assert.Equal(InferenceFault.None, rest.End!.Fault);
                for (uint choice = 0; choice < request.Choices; choice++)
                {
                    AssertAlike(
                        [.. whole.Deltas.Skip(cut).Where(delta => delta.Choice == choice), Rest(whole, choice)],
                        [.. rest.Deltas.Where(delta => delta.Choice == choice), Rest(rest, choice)]);
                    Assert.Equal(EndOf(whole, choice).Reason, EndOf(rest, choice).Reason);
                }

                Assert.Equal(whole.End.Usage.CompletionTokens, rest.End.Usage.CompletionTokens);
                Assert.Equal(whole.End.Usage.PromptTokens, rest.End.Usage.PromptTokens);
            }
        }
    }

    [Fact]
    public async Task A_choice_that_has_ended_is_left_alone()
    {
        GenerateRequest request = Request("choices", seed: 1);
        Answer whole = await _first.AskAsync(request);
        GenerateRequest continued = Continue(request, whole, whole.Deltas.Count);
        foreach (ToldChoice told in continued.Told)
        {
            told.Ended = FinishReason.Stop;
        }

        Answer rest = await _second.AskAsync(continued);

        Assert.Empty(rest.Deltas);
        Assert.Empty(rest.ChoiceEnds);
        Assert.Equal(whole.End!.Usage.CompletionTokens, rest.End!.Usage.CompletionTokens);
    }

    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(1_000_000u)]
    public async Task Tokens_that_the_vocabulary_lacks_are_refused(uint token)
    {
        GenerateRequest request = Request("plain", seed: 1);
        request.Told.Add(new ToldChoice { TokenIds = { token } });

        Assert.Equal(InferenceFault.InvalidRequest, (await _second.AskAsync(request)).End!.Fault);
    }

    [Fact]
    public async Task Tokens_that_the_grammar_forbids_are_refused()
    {
        GenerateRequest request = Request("schema", seed: 1);
        Answer prose = await _first.AskAsync(Request("plain", seed: 1));
        request.Told.Add(new ToldChoice { TokenIds = { prose.Tokens } });

        Assert.Equal(InferenceFault.EngineFailed, (await _second.AskAsync(request)).End!.Fault);
    }

    [Fact]
    public async Task What_was_told_must_fit_the_choices()
    {
        GenerateRequest request = Request("choices", seed: 1);
        request.Told.Add(new ToldChoice());

        Assert.Equal(InferenceFault.InvalidRequest, (await _second.AskAsync(request)).End!.Fault);
    }

    [Fact]
    public async Task More_tokens_than_were_asked_for_are_refused()
    {
        GenerateRequest request = Request("length", seed: 1);
        Answer whole = await _first.AskAsync(Request("sampled", seed: 1));
        request.Told.Add(new ToldChoice { TokenIds = { whole.Tokens.Take((int)request.OutputTokensMax + 1) } });

        Assert.Equal(InferenceFault.EngineFailed, (await _second.AskAsync(request)).End!.Fault);
    }

    private static GenerateRequest Request(string kind, ulong seed)
    {
        GenerateRequest request = Ask.Request($"What is {seed + 3} + {seed + 4}?", temperature: 1, seed);
        request.OutputTokensMax = 40;
        switch (kind)
        {
            case "plain":
                request.Sampling.Temperature = 0;
                break;
            case "sampled":
                request.Sampling.TopP = 0.95f;
                break;
            case "penalties":
                request.Sampling.FrequencyPenalty = 0.7f;
                request.Sampling.PresencePenalty = 0.3f;
                break;
            case "stop":
                request.Stop.AddRange(["is", "of the"]);
                break;
            case "length":
                request.OutputTokensMax = 4;
                break;
            case "schema":
                request.ResponseSchemaJson = """{"type":"object","properties":{"sum":{"type":"integer"},"text":{"type":"string","maxLength":12}},"required":["sum","text"],"additionalProperties":false}""";
                break;
            case "tools":
                request.Messages[0].Content = "What is the weather in Paris?";
                request.ToolsJson = WeatherTool;
                request.ToolChoice = "required";
                break;
            case "chances":
                (request.Logprobs, request.TopLogprobs) = (true, 3);
                break;
            case "chances held":
                (request.Logprobs, request.TopLogprobs) = (true, 2);
                request.Stop.AddRange(["is the sum of all", "The answer is 7 and nothing", "of the"]);
                break;
            case "chances in schema":
                (request.Logprobs, request.TopLogprobs) = (true, 1);
                goto case "schema";
            case "chances to length":
                (request.Logprobs, request.OutputTokensMax) = (true, 6);
                request.Stop.AddRange(["What is the sum of", "The answer is 7 and nothing"]);
                break;
            default:
                request.Choices = 3;
                break;
        }

        return request;
    }

    private static GenerateRequest Continue(GenerateRequest request, Answer whole, int deltas)
    {
        GenerateRequest continued = request.Clone();
        for (uint choice = 0; choice < request.Choices; choice++)
        {
            IEnumerable<uint> told = whole.Deltas.Take(deltas).Where(d => d.Choice == choice).SelectMany(static d => d.TokenIds);
            continued.Told.Add(new ToldChoice { TokenIds = { told } });
        }

        return continued;
    }

    /// <summary>Equal but for the last digits of chances: sums over another batch round differently.</summary>
    private static void AssertAlike(List<TokenDelta> expected, List<TokenDelta> actual)
    {
        Assert.Equal(expected.Select(static delta => Bare(delta)), actual.Select(static delta => Bare(delta)));
        foreach ((TokenDelta left, TokenDelta right) in expected.Zip(actual))
        {
            Assert.All(left.Chances.Zip(right.Chances), static pair => Assert.Equal(pair.First.Logprob, pair.Second.Logprob, 0.001f));
        }

        static TokenDelta Bare(TokenDelta delta)
        {
            TokenDelta bare = delta.Clone();
            foreach (TokenChance chance in bare.Chances.Concat(bare.Chances.SelectMany(static chance => chance.Top)))
            {
                chance.Logprob = 0;
            }

            return bare;
        }
    }

    private static TokenDelta Rest(Answer answer, uint choice) => EndOf(answer, choice).Rest ?? new TokenDelta();

    private static ChoiceEnd EndOf(Answer answer, uint choice) =>
        Assert.Single(answer.ChoiceEnds, end => end.Choice == choice);
}
