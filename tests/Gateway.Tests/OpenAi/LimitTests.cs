using System;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

public sealed class LimitTests
{
    [Theory]
    [InlineData(HttpLimits.BodyBytesMax - 1, false, 400)]
    [InlineData(HttpLimits.BodyBytesMax, false, 400)]
    [InlineData(HttpLimits.BodyBytesMax + 1, false, 413)]
    [InlineData(10_000_000, false, 413)]
    [InlineData(HttpLimits.BodyBytesMax, true, 400)]
    [InlineData(HttpLimits.BodyBytesMax + 1, true, 413)]
    [InlineData(10_000_000, true, 413)]
    public async Task A_body_has_a_largest_size(int bytes, bool chunked, int status)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using HttpRequestMessage request = new(HttpMethod.Post, GatewayHarness.ChatPath)
        {
            Content = GatewayHarness.Json("{\"frobnicate\":1" + new string(' ', bytes - 16) + "}"),
        };
        request.Headers.TransferEncodingChunked = chunked;
        using HttpResponseMessage response = await gateway.Client.SendAsync(request);
        JsonNode error = (await GatewayHarness.ReadAsync(response))["error"]!;
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 413 ? "request_too_large" : "unknown_parameter", error["code"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("application/json", null, 200)]
    [InlineData("APPLICATION/JSON; charset=UTF-8", null, 200)]
    [InlineData("application/json; charset=\"utf-8\"", null, 200)]
    [InlineData("application/json", "identity", 200)]
    [InlineData("application/json; charset=latin1", null, 415)]
    [InlineData("text/plain", null, 415)]
    [InlineData("application/x-www-form-urlencoded", null, 415)]
    [InlineData("nonsense", null, 415)]
    [InlineData("", null, 415)]
    [InlineData("application/json", "gzip", 415)]
    public async Task A_body_is_json_and_says_so(string contentType, string? encoding, int status)
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Stop(), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(GatewayHarness.ChatBody()));
        if (contentType.Length > 0)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        if (encoding is not null)
        {
            content.Headers.Add("Content-Encoding", encoding);
        }

        using HttpResponseMessage response = await gateway.Client.PostAsync(GatewayHarness.ChatPath, content);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_request_too_many_is_told_to_come_back()
    {
        ScriptedInference inference = new();
        inference.AnswersLive();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference, new OpenAiServerOptions { RequestsMax = 1 });
        using System.Threading.CancellationTokenSource leave = new();
        Task<HttpResponseMessage> first = gateway.Client.PostAsync(
            GatewayHarness.ChatPath, GatewayHarness.Json(GatewayHarness.ChatBody()), leave.Token);
        await inference.Called.OrTimeoutAsync("the first generation to begin");

        using HttpResponseMessage second = await gateway.ChatAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, second.StatusCode);
        Assert.Equal("1", Assert.Single(second.Headers.GetValues("retry-after")));
        using HttpResponseMessage probe = await gateway.Client.GetAsync("/healthz");
        Assert.Equal(HttpStatusCode.OK, probe.StatusCode);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }

    [Fact]
    public async Task A_thousand_idle_connections_leave_room_for_a_request()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference().Answers(Say.Stop(), Say.End()));
        Socket[] idle = new Socket[1000];
        try
        {
            for (int i = 0; i < idle.Length; i++)
            {
                idle[i] = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await idle[i].ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.Server.BaseAddress.Port));
            }

            using HttpResponseMessage response = await gateway.ChatAsync();
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        finally
        {
            foreach (Socket socket in idle)
            {
                socket?.Dispose();
            }
        }
    }

    [Fact]
    public async Task What_is_no_http_gets_a_400_and_leaves_the_server_alive()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.Server.BaseAddress.Port));
        await socket.SendAsync("\u0016\u0003\u0001 garbage\r\n\r\n"u8.ToArray());
        byte[] answer = new byte[256];
        int length = await socket.ReceiveAsync(answer);
        Assert.StartsWith("HTTP/1.1 400", Encoding.ASCII.GetString(answer, 0, length), StringComparison.Ordinal);
        using HttpResponseMessage probe = await gateway.Client.GetAsync("/healthz");
        Assert.Equal(HttpStatusCode.OK, probe.StatusCode);
    }
}
