using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Resuming;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Darkbloom.Tests.Support;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi.Resuming;

public sealed class ResumeTests : IAsyncDisposable
{
    private const int AbsenceSeconds = 30;

    private static readonly TimeSpan Absence = TimeSpan.FromSeconds(AbsenceSeconds);

    private readonly ManualTime _time = new();
    private readonly ScriptedInference _inference = new();
    private readonly ChannelWriter<NodeResponse> _node;
    private GatewayHarness? _gateway;

    public ResumeTests() => _node = _inference.AnswersLive();

    [Fact]
    public async Task A_client_that_comes_back_gets_what_it_missed_and_what_comes()
    {
        await StartAsync();
        Say("a");
        Connection first = await OpenAsync();
        string last = (await first.ReadUntilAsync("\"a\"")).Id;
        await LeaveAsync(first);
        Say("b");
        Connection second = await ResumeAsync(last);
        await second.ReadUntilAsync("\"b\"");
        Say("c");
        await second.ReadUntilAsync("\"c\"");
        Finish();
        List<Event> rest = await second.ReadToEndAsync();
        Assert.Equal("[DONE]", rest[^1].Data);
        Assert.DoesNotContain(second.Seen, one => one.Data.Contains("\"a\"", StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(1, first.Seen.Count + second.Seen.Count).Select(number => $"{first.StreamId}-{number}"), first.Seen.Concat(second.Seen).Select(one => one.Id));
        Assert.False(await _inference.Ended.OrTimeoutAsync("the generation"));
    }

    [Fact]
    public async Task The_end_can_be_read_again()
    {
        await StartAsync();
        Say("a");
        Connection first = await OpenAsync();
        Finish();
        List<Event> events = await first.ReadToEndAsync();
        await _time.WhenArmedAsync(Absence);
        Connection second = await ResumeAsync(events[^2].Id);
        Assert.Equal(events[^1], Assert.Single(await second.ReadToEndAsync()));
        Connection third = await ResumeAsync($"{first.StreamId}-0", HttpMethod.Get);
        Assert.Equal(events, await third.ReadToEndAsync());
    }

    [Fact]
    public async Task A_client_that_stays_away_too_long_cancels_the_generation()
    {
        await StartAsync();
        Say("a");
        Connection first = await OpenAsync();
        string last = (await first.ReadUntilAsync("\"a\"")).Id;
        await LeaveAsync(first);
        _time.Advance(Absence - TimeSpan.FromSeconds(1));
        Assert.False(_inference.Ended.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await _inference.Ended.OrTimeoutAsync("the generation to be cancelled"));
        await FailsAsync(404, "stream_not_found", last);
    }

    [Fact]
    public async Task A_client_that_comes_back_in_time_may_go_again()
    {
        await StartAsync();
        Say("a");
        Connection first = await OpenAsync();
        string last = (await first.ReadUntilAsync("\"a\"")).Id;
        await LeaveAsync(first);
        _time.Advance(Absence - TimeSpan.FromSeconds(1));
        Connection second = await ResumeAsync(last);
        Say("b");
        await second.ReadUntilAsync("\"b\"");
        _time.Advance(Absence);
        await LeaveAsync(second);
        _time.Advance(Absence - TimeSpan.FromSeconds(1));
        Assert.False(_inference.Ended.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await _inference.Ended.OrTimeoutAsync("the generation to be cancelled"));
    }

    [Fact]
    public async Task A_newer_connection_takes_the_stream_over()
    {
        await StartAsync();
        Say("a");
        Connection first = await OpenAsync();
        string last = (await first.ReadUntilAsync("\"a\"")).Id;
        Connection second = await ResumeAsync(last);
        await Assert.ThrowsAnyAsync<IOException>(() => first.ReadToEndAsync().OrTimeoutAsync("the first connection to end"));
        Connection third = await ResumeAsync(last);
        await Assert.ThrowsAnyAsync<IOException>(() => second.ReadToEndAsync().OrTimeoutAsync("the second connection to end"));
        Say("b");
        Finish();
        List<Event> rest = await third.ReadToEndAsync();
        Assert.Contains("\"b\"", rest[0].Data, StringComparison.Ordinal);
        Assert.Equal("[DONE]", rest[^1].Data);
    }

    [Fact]
    public async Task A_stream_belongs_to_the_key_that_began_it()
    {
        await StartAsync("sk-first-0123456789", "sk-other-0123456789");
        Say("a");
        Connection first = await OpenAsync("sk-first-0123456789");
        string last = (await first.ReadUntilAsync("\"a\"")).Id;
        await FailsAsync(404, "stream_not_found", last, "sk-other-0123456789");
        Finish();
        Assert.Equal("[DONE]", (await first.ReadToEndAsync())[^1].Data);
    }

    [Theory]
    [InlineData("x", 400, "invalid_value")]
    [InlineData("-1", 400, "invalid_value")]
    [InlineData("stream_0-", 400, "invalid_value")]
    [InlineData("stream_0-1e9", 400, "invalid_value")]
    [InlineData("stream_0-1", 404, "stream_not_found")]
    public async Task An_id_that_names_no_event_is_an_error(string id, int status, string code)
    {
        await StartAsync();
        await FailsAsync(status, code, id);
    }

    [Fact]
    public async Task An_event_that_never_was_is_an_error_and_disturbs_nobody()
    {
        await StartAsync();
        Say("a");
        Connection first = await OpenAsync();
        await first.ReadUntilAsync("\"a\"");
        await FailsAsync(410, "events_gone", $"{first.StreamId}-1000");
        Finish();
        Assert.Equal("[DONE]", (await first.ReadToEndAsync())[^1].Data);
    }

    [Theory]
    [InlineData("0", false)]
    [InlineData("1", true)]
    [InlineData("119", true)]
    [InlineData("120", true)]
    [InlineData("121", false)]
    [InlineData("-5", false)]
    [InlineData("soon", false)]
    public async Task An_absence_has_whole_seconds_up_to_its_limit(string seconds, bool isGood)
    {
        Assert.Equal(120, ResumeLimits.AbsenceSecondsMax);
        await StartAsync();
        Finish();
        using HttpResponseMessage response = await SendAsync(Request(HttpMethod.Post, ResumableStreams.AbsenceHeader, seconds));
        Assert.Equal(isGood ? HttpStatusCode.OK : HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(isGood, response.Headers.Contains(ResumableStreams.StreamHeader));
    }

    [Fact]
    public async Task Streams_are_as_they_always_were_where_nobody_asks()
    {
        await StartAsync();
        Finish();
        using HttpResponseMessage response = await SendAsync(Request(HttpMethod.Post, "accept", "*/*"));
        Assert.False(response.Headers.Contains(ResumableStreams.StreamHeader));
        Assert.DoesNotContain("id:", (await response.Content.ReadAsStringAsync()).Split('\n').Select(static line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task Silence_is_a_comment_that_is_no_event()
    {
        await StartAsync();
        Task<Connection> opening = OpenAsync();
        await _inference.Called.OrTimeoutAsync("the generation to begin");
        await _time.WhenArmedAsync(HttpLimits.KeepaliveInterval);
        _time.Advance(HttpLimits.KeepaliveInterval);
        Connection first = await opening;
        Say("a");
        Assert.EndsWith("-2", (await first.ReadUntilAsync("\"a\"")).Id, StringComparison.Ordinal);
        Assert.Contains(": keepalive", first.Comments);
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    public void The_streams_that_can_be_resumed_are_bounded(int beyond, bool isRefused)
    {
        ResumableStreams streams = new(_time);
        DefaultHttpContext context = new();
        context.Request.Headers[ResumableStreams.AbsenceHeader] = "5";
        ApiExchange exchange = new(context, _time);
        for (int i = 0; i < ResumeLimits.StreamsMax + beyond; i++)
        {
            _ = streams.Begin(exchange, Absence);
        }

        Assert.Equal(isRefused, streams.Read(exchange) is { Status: 503 });
        _time.Advance(Absence);
        Assert.Null(streams.Read(exchange));
    }

    public async ValueTask DisposeAsync()
    {
        _ = _node.TryComplete();
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }
    }

    private async Task StartAsync(params string[] keys) =>
        _gateway = await GatewayHarness.StartAsync(_inference, new OpenAiServerOptions { Time = _time, ApiKeys = [.. keys] });

    private void Say(string text) => Assert.True(_node.TryWrite(Support.Say.Text(text)));

    private void Finish()
    {
        Assert.True(_node.TryWrite(Support.Say.Stop()));
        Assert.True(_node.TryWrite(Support.Say.End()));
        _node.Complete();
    }

    private Task<Connection> OpenAsync(string? key = null) =>
        ConnectAsync(Request(HttpMethod.Post, ResumableStreams.AbsenceHeader, $"{AbsenceSeconds}", key));

    private Task<Connection> ResumeAsync(string lastEvent, HttpMethod? method = null) =>
        ConnectAsync(Request(method ?? HttpMethod.Post, "Last-Event-ID", lastEvent));

    private async Task<Connection> ConnectAsync(HttpRequestMessage request)
    {
        HttpResponseMessage response = await SendAsync(request).OrTimeoutAsync("the headers of a stream");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new Connection(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    /// <summary>Ends the connection, and waits until the gateway has noticed.</summary>
    private async Task LeaveAsync(Connection connection)
    {
        connection.Response.Dispose();
        await _time.WhenArmedAsync(Absence);
    }

    private async Task FailsAsync(int status, string code, string lastEvent, string? key = null)
    {
        using HttpResponseMessage response = await SendAsync(Request(HttpMethod.Post, "Last-Event-ID", lastEvent, key));
        Assert.Equal(status, (int)response.StatusCode);
        JsonNode error = (await GatewayHarness.ReadAsync(response))["error"]!;
        Assert.Equal(code, error["code"]!.GetValue<string>());
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) =>
        _gateway!.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

    private static HttpRequestMessage Request(HttpMethod method, string header, string value, string? key = null)
    {
        HttpRequestMessage request = new(method, GatewayHarness.ChatPath);
        if (method == HttpMethod.Post)
        {
            request.Content = GatewayHarness.Json(GatewayHarness.ChatBody("\"stream\":true"));
        }

        Assert.True(request.Headers.TryAddWithoutValidation(header, value));
        if (key is not null)
        {
            request.Headers.Authorization = new("Bearer", key);
        }

        return request;
    }

    private sealed record Event(string Id, string Data);

    /// <summary>A reader of server-sent events, as a browser's is.</summary>
    private sealed class Connection(HttpResponseMessage response, StreamReader lines)
    {
        public HttpResponseMessage Response => response;

        public List<Event> Seen { get; } = [];

        public List<string> Comments { get; } = [];

        public string StreamId => response.Headers.GetValues(ResumableStreams.StreamHeader).Single();

        public async Task<Event> ReadUntilAsync(string text)
        {
            while (await ReadAsync().OrTimeoutAsync(text) is { } one)
            {
                if (one.Data.Contains(text, StringComparison.Ordinal))
                {
                    return one;
                }
            }

            throw new EndOfStreamException(text);
        }

        public async Task<List<Event>> ReadToEndAsync()
        {
            while (await ReadAsync() is not null)
            {
            }

            return Seen;
        }

        private async Task<Event?> ReadAsync()
        {
            (string id, string data) = ("", "");
            while (await lines.ReadLineAsync() is { } line)
            {
                if (line.StartsWith(':'))
                {
                    Comments.Add(line);
                }
                else if (line.StartsWith("id: ", StringComparison.Ordinal))
                {
                    id = line["id: ".Length..];
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    data = line["data: ".Length..];
                }
                else if (data.Length > 0)
                {
                    Seen.Add(new Event(id, data));
                    return Seen[^1];
                }
            }

            return null;
        }
    }
}
