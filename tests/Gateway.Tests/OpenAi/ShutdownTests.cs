using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Tests.Support;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

public sealed class ShutdownTests
{
    [Fact]
    public async Task A_stream_that_ends_in_time_ends_whole()
    {
        ScriptedInference inference = new();
        ChannelWriter<NodeResponse> node = inference.AnswersLive();
        GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        await node.WriteAsync(Say.Text("a"));
        (HttpResponseMessage response, StreamReader lines) = await gateway.StreamAsync();
        using (response)
        {
            Task stopped = gateway.Server.DisposeAsync().AsTask();
            await node.WriteAsync(Say.Stop());
            await node.WriteAsync(Say.End());
            Assert.EndsWith("data: [DONE]\n\n", await lines.ReadToEndAsync(), StringComparison.Ordinal);
            await stopped.OrTimeoutAsync("the server to stop");
        }

        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_that_does_not_end_in_time_ends_with_an_error()
    {
        ManualTime time = new();
        ScriptedInference inference = new();
        ChannelWriter<NodeResponse> node = inference.AnswersLive();
        GatewayHarness gateway = await GatewayHarness.StartAsync(inference, new OpenAiServerOptions { Time = time });
        await node.WriteAsync(Say.Text("a"));
        (HttpResponseMessage response, StreamReader lines) = await gateway.StreamAsync();
        using (response)
        {
            Task stopped = gateway.Server.DisposeAsync().AsTask();

            // The stream's ticks, the time to drain, the time to cut.
            await time.WaitForTimersAsync(3);
            time.Advance(HttpLimits.DrainTimeMax);
            string text = await lines.ReadToEndAsync().OrTimeoutAsync("the stream to end");
            Assert.Contains("shutting_down", GatewayHarness.ParseEvents(text)[^1], StringComparison.Ordinal);
            Assert.True(await inference.Ended.OrTimeoutAsync("the generation to be cancelled"));
            await stopped.OrTimeoutAsync("the server to stop");
        }

        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_request_that_has_no_token_in_time_gets_a_503()
    {
        ManualTime time = new();
        ScriptedInference inference = new();
        inference.AnswersLive();
        GatewayHarness gateway = await GatewayHarness.StartAsync(inference, new OpenAiServerOptions { Time = time });
        Task<HttpResponseMessage> asking = gateway.ChatAsync();
        await inference.Called.OrTimeoutAsync("the generation to begin");
        Task stopped = gateway.Server.DisposeAsync().AsTask();
        await time.WaitForTimersAsync(2);
        time.Advance(HttpLimits.DrainTimeMax);
        using HttpResponseMessage response = await asking.OrTimeoutAsync("the answer");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        await stopped.OrTimeoutAsync("the server to stop");
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_stopped_server_frees_its_port()
    {
        GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        IPEndPoint bind = new(IPAddress.Loopback, gateway.Server.BaseAddress.Port);
        await Assert.ThrowsAsync<IOException>(
            () => GatewayHarness.StartAsync(new ScriptedInference(), new OpenAiServerOptions { Bind = bind }));
        await gateway.DisposeAsync();
        await using GatewayHarness next = await GatewayHarness.StartAsync(new ScriptedInference(), new OpenAiServerOptions { Bind = bind });
    }
}
