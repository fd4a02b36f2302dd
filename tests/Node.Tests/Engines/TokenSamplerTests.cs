using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Node.Engines.Llama.Sampling;
using Darkbloom.Tests.Support;
using Xunit;
using Sampling = Darkbloom.Protocol.Schema.Sampling;

namespace Darkbloom.Node.Tests.Engines;

public sealed class TokenSamplerTests
{
    // The 99.9 % quantile of chi-square with seven degrees of freedom.
    private const double ChiSquareMax = 24.32;

    private static readonly float[] Eight = [1.5f, -0.5f, 0, 2, 0.25f, -2, 1, 0.75f];

    [Theory]
    [InlineData(1.0f)]
    [InlineData(0.5f)]
    [InlineData(2.0f)]
    public void Draws_are_distributed_as_softmax(float temperature)
    {
        const int Draws = 50_000;
        TokenSampler sampler = new(Eight.Length);
        SamplingSettings settings = Settings(temperature: temperature, seed: 3);
        int[] drawn = new int[Eight.Length];
        for (uint position = 0; position < Draws; position++)
        {
            drawn[sampler.Draw(Eight, settings, position)]++;
        }

        double[] chances = Softmax(Eight, temperature);
        double chiSquare = drawn.Zip(chances, (count, chance) => Math.Pow(count - (Draws * chance), 2) / (Draws * chance)).Sum();
        Assert.True(chiSquare < ChiSquareMax, $"chi-square {chiSquare}");
    }

    [Fact]
    public void Temperature_zero_takes_the_largest_and_the_lowest_token_among_equals()
    {
        TokenSampler sampler = new(5);

        Assert.Equal(1, sampler.Draw([0, 4, 1, 4, 2], Settings(temperature: 0), 0));
    }

    [Fact]
    public void Only_allowed_tokens_are_drawn()
    {
        float[] logits = [float.NegativeInfinity, 1, float.NegativeInfinity, 0];
        TokenSampler sampler = new(logits.Length);
        HashSet<int> drawn = [.. Positions(200).Select(p => sampler.Draw(logits, Settings(temperature: 2), p))];

        Assert.Equal([1, 3], drawn.Order());
    }

    [Fact]
    public void Nothing_is_drawn_when_everything_is_forbidden()
    {
        float[] logits = [float.NegativeInfinity, float.NegativeInfinity];

        Assert.Equal(-1, new TokenSampler(2).Draw(logits, Settings(temperature: 1), 0));
        Assert.Equal(-1, new TokenSampler(2).Draw(logits, Settings(temperature: 0), 0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(16)]
    public void Nothing_is_drawn_from_logits_that_are_no_numbers(int token)
    {
        float[] logits = new float[17];
        logits[token] = float.NaN;

        Assert.Equal(-1, new TokenSampler(17).Draw(logits, Settings(topP: 0.5f), 0));
    }

    [Theory]
    [InlineData(1e-40f)]
    [InlineData(TokenSampler.TemperatureMin)]
    [InlineData(1e-3f)]
    public void The_smallest_temperatures_take_the_largest(float temperature) =>
        Assert.Equal(3, new TokenSampler(8).Draw(Eight, Settings(temperature: temperature, topP: 0.9f, topK: 5), 0));

    [Fact]
    public void Skipping_tokens_that_cannot_win_changes_no_draw()
    {
        Random random = new(11);
        float[] logits = new float[5000];
        TokenSampler sampler = new(logits.Length);
        for (uint position = 0; position < 200; position++)
        {
            for (int token = 0; token < logits.Length; token++)
            {
                logits[token] = (float)((random.NextDouble() * 16) - 8);
            }

            ulong key = DrawNoise.Key(9, position);
            int expected = Enumerable.Range(0, logits.Length)
                .MaxBy(token => (logits[token] / (double)0.8f) + DrawNoise.Gumbel(DrawNoise.Bits(key, token)));
            Assert.Equal(expected, sampler.Draw(logits, Settings(temperature: 0.8f, seed: 9), position));
        }
    }

    [Theory]
    [InlineData(1, new[] { 3 })]
    [InlineData(2, new[] { 0, 3 })]
    [InlineData(7, new[] { 0, 1, 2, 3, 4, 6, 7 })]
    [InlineData(8, new[] { 0, 1, 2, 3, 4, 5, 6, 7 })]
    [InlineData(100, new[] { 0, 1, 2, 3, 4, 5, 6, 7 })]
    public void Top_k_keeps_the_k_largest(int topK, int[] kept) => Assert.Equal(kept, Kept(Settings(topK: topK)));

    [Fact]
    public void Top_p_keeps_the_fewest_tokens_that_reach_it()
    {
        Random random = new(5);
        float[] logits = new float[2000];
        foreach (float topP in new[] { 0.01f, 0.3f, 0.5f, 0.9f, 0.99f, 0.999f })
        {
            for (int token = 0; token < logits.Length; token++)
            {
                logits[token] = (float)(random.NextDouble() * 20);
            }

            double[] chances = Softmax(logits, 0.7f);
            int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(token => logits[token])];
            int count = 0;
            double reached = 0;
            while (reached < topP)
            {
                reached += chances[order[count++]];
            }

            float cutoff = Cutoff(logits, Settings(temperature: 0.7f, topP: topP));
            int kept = logits.Count(logit => logit >= cutoff);

            // Single precision may put the border one token further.
            Assert.InRange(kept, count - 1, count + 1);
        }
    }

    [Fact]
    public void Top_p_counts_only_what_top_k_left()
    {
        // Of four equal tokens and many small ones, half of the top four is two.
        float[] logits = [5, 4.9f, 4.8f, 4.7f, .. Enumerable.Repeat(4.0f, 50)];

        Assert.Equal(2, logits.Count(logit => logit >= Cutoff(logits, Settings(topP: 0.5f, topK: 4))));
    }

    [Fact]
    public void Tokens_that_tie_at_the_border_all_stay()
    {
        float[] logits = [1, 2, 2, 2, 0];

        Assert.Equal(2, Cutoff(logits, Settings(topK: 2)));
    }

    [Fact]
    public void Min_p_keeps_what_has_that_share_of_the_largest_chance()
    {
        // exp(-0.5) = 0.607, exp(-0.75) = 0.472
        Assert.Equal([0, 3], Kept(Settings(minP: 0.5f)));
        Assert.Equal([0, 3, 6], Kept(Settings(minP: 0.3f)));
    }

    [Fact]
    public void Logits_far_apart_leave_the_largest()
    {
        float[] logits = [0, 1e30f, -1e30f, float.NegativeInfinity];

        Assert.Equal(1, new TokenSampler(4).Draw(logits, Settings(temperature: 0.01f, topP: 0.5f, topK: 3, minP: 0.1f), 0));
    }

    [Fact]
    public void Drawing_allocates_nothing()
    {
        float[] logits = [.. Enumerable.Range(0, 4096).Select(token => MathF.Sin(token) * 8)];
        TokenSampler sampler = new(logits.Length);
        TokenCounts counts = new();
        counts.Add(7);
        SamplingSettings settings = Settings(topP: 0.9f, topK: 500, minP: 0.001f, frequency: 0.5f);
        sampler.Draw(logits, settings, 0);
        counts.Penalize(logits, settings);

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (uint position = 1; position < 100; position++)
            {
                counts.Penalize(logits, settings);
                sampler.Draw(logits, settings, position);
            }
        }));
    }

    [Fact]
    public void Penalties_follow_openais_definition()
    {
        TokenCounts counts = new();
        counts.Add(0);
        counts.Add(2);
        counts.Add(2);
        float[] logits = [1, 1, 1];
        counts.Penalize(logits, Settings(frequency: 0.25f, presence: 0.5f));

        Assert.Equal([0.25f, 1, 0], logits);
    }

    private static int[] Kept(SamplingSettings settings)
    {
        float cutoff = Cutoff(Eight, settings);
        return [.. Enumerable.Range(0, Eight.Length).Where(token => Eight[token] >= cutoff)];
    }

    private static float Cutoff(float[] logits, SamplingSettings settings) =>
        new Truncation(logits.Length).Cutoff(logits, logits.Max(), settings);

    private static IEnumerable<uint> Positions(int count) => Enumerable.Range(0, count).Select(position => (uint)position);

    private static double[] Softmax(float[] logits, float temperature)
    {
        double[] weights = [.. logits.Select(logit => Math.Exp(logit / (double)temperature))];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }

    private static SamplingSettings Settings(
        float temperature = 1, float topP = 1, int topK = 0, float minP = 0, ulong seed = 1, float frequency = 0, float presence = 0)
    {
        Sampling source = new()
        {
            Temperature = temperature,
            TopP = topP,
            TopK = topK,
            MinP = minP,
            Seed = seed,
            FrequencyPenalty = frequency,
            PresencePenalty = presence,
        };
        Assert.True(SamplingSettings.TryCreate(source, out SamplingSettings settings, out string fault), fault);
        return settings;
    }
}
