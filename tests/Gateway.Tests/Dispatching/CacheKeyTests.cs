using System.Globalization;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Darkbloom.Gateway.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.Dispatching;

/// <summary><c>prompt_cache_key</c>, from the body to the node.</summary>
public sealed class CacheKeyTests
{
    [Fact]
    public async Task Requests_that_say_that_they_belong_together_go_to_one_node()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(AnswerAsync, AnswerAsync, AnswerAsync, AnswerAsync);
        for (int i = 0; i < 12; i++)
        {
            await mesh.AskAsync(ClientFixture.Prompt(i.ToString(CultureInfo.InvariantCulture)), cacheKey: "together");
        }

        Assert.Equal([0, 0, 0, 12], mesh.Nodes.Select(static node => node.Prompts.Count).Order());
    }

    [Theory]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]")]
    [InlineData("/v1/completions", "\"prompt\":\"x\"")]
    [InlineData("/v1/completions", "\"prompt\":[\"x\",\"y\"]")]
    [InlineData("/v1/responses", "\"input\":\"x\"")]
    [InlineData("/v1/responses", "\"input\":\"x\",\"truncation\":\"auto\"")]
    public async Task The_key_of_a_body_reaches_the_mesh(string path, string body)
    {
        ScriptedInference inference = new ScriptedInference().AnswersEach(static _ => [Say.Text("Hello"), Say.Stop(), Say.End()]);
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference);
        using HttpResponseMessage response = await gateway.PostAsync($$"""{"model":"acme/tiny","prompt_cache_key":"together",{{body}}}""", path);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        Assert.Equal("together", inference.CacheKey);
    }

    private static async Task AnswerAsync(NodeStream stream)
    {
        _ = await stream.AcceptAsync();
        await stream.TokenAsync(0);
        await stream.EndAsync(tokens: 1);
    }
}
