using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations.Traces;
using Xunit;

namespace Darkbloom.Simulations.Tests;

public sealed class TraceReaderTests
{
    private static readonly string[] _azure = ["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:15:46.6805900,374,44", "2023-11-16 18:15:50.9951690,396,109"];
    private static readonly string[] _burst = ["Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type", "5,ChatGPT,472,18,490,Conversation log", "45,ChatGPT,1087,230,1317,API log"];
    private static readonly string[] _vidur = ["num_prefill_tokens,num_decode_tokens,num_total_tokens,pd_ratio", "3772,54,3826,69.8", "2015,156,2171,12.9"];
    private static readonly string[] _mooncake =
    [
        """{"timestamp": 0, "input_length": 1300, "output_length": 500, "hash_ids": [0, 1, 2]}""",
        """{"timestamp": 1500, "input_length": 900, "output_length": 7, "hash_ids": [0, 9]}""",
        """{"timestamp": 3000, "input_length": 2000, "output_length": 9, "hash_ids": [0, 1, 2, 3]}""",
    ];

    [Fact]
    public void Azure_s_times_count_from_the_first_request() => Assert.Equal(
        [new TraceRequest(0, 374, 44), new TraceRequest(4.314579, 396, 109)],
        Read(_azure).Select(static request => request with { ArrivedS = Math.Round(request.ArrivedS, 6) }));

    [Fact]
    public void BurstGPT_s_columns_are_found_by_name() =>
        Assert.Equal([new TraceRequest(0, 472, 18), new TraceRequest(40, 1087, 230)], Read(_burst));

    [Fact]
    public void Mooncake_s_blocks_tell_what_a_conversation_shares() => Assert.Equal(
        [new TraceRequest(0, 1300, 500, 1), new TraceRequest(1.5, 900, 7, 2), new TraceRequest(3, 2000, 9, 1, 3 * 512)], Read(_mooncake));

    [Fact]
    public void Lengths_without_times_come_at_random_at_the_rate()
    {
        List<string> lines = [_vidur[0], .. Enumerable.Repeat(_vidur[1], 2000)];
        TraceRequest[] requests = Read(lines, rate: 4);
        Assert.Equal((3772, 54), (requests[0].PromptTokens, requests[0].OutputTokens));
        Assert.InRange(requests[^1].ArrivedS, 450, 550);
    }

    [Fact]
    public void What_is_written_reads_back()
    {
        TraceRequest[] requests = Read(_mooncake);
        Assert.Equal(requests, Read([FleetTrace.Header, .. requests.Select(FleetTrace.RowOf)]));
    }

    [Theory]
    [InlineData("3,ChatGPT,1,1,2,x", "line 3")]
    [InlineData("45,ChatGPT,many,1,2,x", "many")]
    [InlineData("45,ChatGPT,1000001,1,2,x", "1000000")]
    [InlineData("45,ChatGPT,-1,1,2,x", "-1")]
    [InlineData("45,Chat", "cut short")]
    [InlineData("NaN,ChatGPT,1,1,2,x", "time")]
    public void A_wrong_line_is_named(string line, string said)
    {
        FormatException wrong = Assert.Throws<FormatException>(() => Read([_burst[0], _burst[1], line]));
        Assert.Contains("line 3", wrong.Message, StringComparison.Ordinal);
        Assert.Contains(said, wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a,b,c")]
    [InlineData("{}")]
    [InlineData("TIMESTAMP,ContextTokens")]
    public void A_file_that_begins_like_no_trace_is_refused(string first) => Assert.Throws<FormatException>(() => Read([first]));

    [Theory]
    [InlineData(1_000_000, true)]
    [InlineData(999_999, true)]
    [InlineData(1_000_001, false)]
    public void A_prompt_has_at_most_so_many_tokens(int tokens, bool possible)
    {
        string[] lines = [_burst[0], $"1,m,{tokens},1,2,x"];
        Assert.Equal(possible, possible ? Read(lines)[0].PromptTokens == tokens : Assert.Throws<FormatException>(() => Read(lines)) is null);
    }

    [Fact]
    public void A_line_cut_at_any_place_is_a_request_or_an_error_and_nothing_else()
    {
        foreach (string[] lines in new[] { _azure, _burst, _vidur, _mooncake })
        {
            for (int length = 0; length < lines[1].Length; length++)
            {
                _ = Record.Exception(() => Read([lines[0], lines[1][..length]])) is null or FormatException ? 0 : throw new InvalidOperationException($"{lines[1][..length]}");
            }
        }
    }

    [Fact]
    public void Random_lines_are_errors_and_nothing_else()
    {
        Prng chance = new(1);
        for (int i = 0; i < 2000; i++)
        {
            StringBuilder line = new();
            for (int length = chance.Next(60); length > 0; length--)
            {
                _ = line.Append((char)(32 + chance.Next(95)));
            }

            foreach (string[] lines in new[] { _azure, _burst, _mooncake })
            {
                if (Record.Exception(() => Read([lines[0], line.ToString()])) is { } thrown)
                {
                    Assert.IsType<FormatException>(thrown);
                }
            }
        }
    }

    private static TraceRequest[] Read(IEnumerable<string> lines, double rate = 1) => [.. FleetTrace.Read(lines, rate).Requests];
}
