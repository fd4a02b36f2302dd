using System;
using System.Linq;
using System.Net.Http;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Telemetry;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.Telemetry;

public sealed class MetricsTests
{
    [Fact]
    public async Task Requests_tokens_and_times_are_counted()
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("a"), Say.Stop(), Say.End(prompt: 11, completion: 4));
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(
            inference, new OpenAiServerOptions { WriteMetrics = text => text.Family("mesh_peers", "gauge", "Peers.", 3) });
        using (await gateway.ChatAsync())
        using (await gateway.ChatAsync("\"temperature\":9"))
        using (await gateway.Client.GetAsync("/secret"))
        {
            inference.Fails(new InferenceException(InferenceOutcome.NoCapacity));
        }

        using (await gateway.ChatAsync())
        {
            string[] lines = (await gateway.Client.GetStringAsync("/metrics")).Split('\n');
            Assert.Contains("darkbloom_gateway_requests_total{route=\"/v1/chat/completions\",status=\"200\"} 1", lines);
            Assert.Contains("darkbloom_gateway_requests_total{route=\"/v1/chat/completions\",status=\"400\"} 1", lines);
            Assert.Contains("darkbloom_gateway_requests_total{route=\"/v1/chat/completions\",status=\"503\"} 1", lines);
            Assert.Contains("darkbloom_gateway_requests_total{route=\"unknown\",status=\"404\"} 1", lines);
            Assert.Contains("darkbloom_gateway_inferences_total{outcome=\"Completed\"} 1", lines);
            Assert.Contains("darkbloom_gateway_inferences_total{outcome=\"NoCapacity\"} 1", lines);
            Assert.Contains("darkbloom_gateway_prompt_tokens_total 11", lines);
            Assert.Contains("darkbloom_gateway_completion_tokens_total 4", lines);
            Assert.Contains("darkbloom_gateway_first_token_seconds_count 1", lines);
            Assert.Contains("darkbloom_gateway_inference_seconds_count 2", lines);
            Assert.Contains("darkbloom_gateway_requests_open 1", lines);
            Assert.Contains("darkbloom_gateway_streams_open 0", lines);
            Assert.Contains("mesh_peers 3", lines);
            Assert.All(lines.Where(l => l.Length > 0 && l[0] != '#'), line => Assert.Matches("^[a-z_]+({([a-z]+=\"[^\"]*\",?)+})? [0-9.E+-]+$", line));
        }
    }

    [Fact]
    public async Task An_open_stream_is_counted_while_it_is_open()
    {
        ScriptedInference inference = new();
        ChannelWriter<NodeResponse> node = inference.AnswersLive();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        await node.WriteAsync(Say.Text("a"));
        (HttpResponseMessage response, System.IO.StreamReader lines) = await gateway.StreamAsync();
        using (response)
        {
            Assert.Contains("darkbloom_gateway_streams_open 1\n", await gateway.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
            await node.WriteAsync(Say.Stop());
            await node.WriteAsync(Say.End());
            await lines.ReadToEndAsync();
        }
    }

    [Fact]
    public void A_histogram_counts_each_duration_in_its_bucket_and_all_above()
    {
        Histogram histogram = new([0.1, 1]);
        foreach (double seconds in new[] { 0.1, 0.5, 1, 7 })
        {
            histogram.Observe(TimeSpan.FromSeconds(seconds));
        }

        PrometheusText text = new();
        histogram.Write(text, "h", "Help.");
        Assert.Equal(
            "# HELP h Help.\n# TYPE h histogram\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 8.6\nh_count 4\n",
            text.ToString());
    }

    [Fact]
    public void Label_values_are_escaped()
    {
        PrometheusText text = new();
        text.Sample("m", 1, ("a", "\"\\\n"));
        Assert.Equal("m{a=\"\\\"\\\\\\n\"} 1\n", text.ToString());
    }
}
