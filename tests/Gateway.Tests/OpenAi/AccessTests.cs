using System;
using System.Collections.Immutable;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

public sealed class AccessTests
{
    private static readonly ImmutableArray<string> Keys = ["sk-first", "sk-second"];

    [Theory]
    [InlineData(null, 401)]
    [InlineData("Bearer", 401)]
    [InlineData("Bearer ", 401)]
    [InlineData("Basic sk-first", 401)]
    [InlineData("Bearer sk-firs", 401)]
    [InlineData("Bearer sk-first2", 401)]
    [InlineData("Bearer SK-FIRST", 401)]
    [InlineData("Bearer sk-first", 200)]
    [InlineData("bearer sk-second", 200)]
    [InlineData("Bearer  sk-second ", 200)]
    public async Task A_key_is_asked_for_and_compared(string? authorization, int status)
    {
        await using GatewayHarness gateway = await StartAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        using HttpResponseMessage response = await gateway.Client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        if (status == 401)
        {
            JsonNode error = (await GatewayHarness.ReadAsync(response))["error"]!;
            Assert.Equal("invalid_api_key", error["code"]!.GetValue<string>());
            Assert.DoesNotContain("firs", error["message"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.Equal("Bearer", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
        }
    }

    [Theory]
    [InlineData("sk-first", 200)]
    [InlineData("sk-firs", 401)]
    public async Task A_key_may_come_as_anthropics_clients_send_it(string key, int status)
    {
        await using GatewayHarness gateway = await StartAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models") { Headers = { { "x-api-key", key } } };
        using HttpResponseMessage response = await gateway.Client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("/healthz", 200)]
    [InlineData("/readyz", 200)]
    [InlineData("/metrics", 401)]
    [InlineData("/v1/models", 401)]
    [InlineData("/nowhere", 401)]
    public async Task Only_the_probes_are_open_without_a_key(string path, int status)
    {
        await using GatewayHarness gateway = await StartAsync();
        using HttpResponseMessage response = await gateway.Client.GetAsync(path);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Without_keys_only_loopback_may_be_bound()
    {
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(
            () => GatewayHarness.StartAsync(new ScriptedInference(), new OpenAiServerOptions { Bind = new IPEndPoint(IPAddress.Any, 0) }));
        Assert.Contains("API key", refused.Message, StringComparison.Ordinal);
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(
            new ScriptedInference(), new OpenAiServerOptions { Bind = new IPEndPoint(IPAddress.IPv6Loopback, 0) });
        using HttpResponseMessage response = await gateway.Client.GetAsync("/v1/models");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("schlüssel")]
    public async Task A_key_that_no_header_can_carry_is_refused_at_the_start_and_not_repeated(string key)
    {
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(
            () => GatewayHarness.StartAsync(new ScriptedInference(), new OpenAiServerOptions { ApiKeys = ["good", key] }));
        Assert.Contains("API key 2", refused.Message, StringComparison.Ordinal);
        Assert.True(key.Length == 0 || !refused.Message.Contains(key, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("app.localhost", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("[::1]", 200)]
    [InlineData("evil.example", 403)]
    [InlineData("localhost.evil.example", 403)]
    public async Task Without_keys_a_foreign_host_name_is_turned_away(string host, int status)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
        request.Headers.Host = host;
        using HttpResponseMessage response = await gateway.Client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task With_keys_any_host_name_will_do()
    {
        await using GatewayHarness gateway = await StartAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
        request.Headers.Host = "gateway.example";
        request.Headers.Authorization = new("Bearer", "sk-first");
        using HttpResponseMessage response = await gateway.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("", "https://app.example", null)]
    [InlineData("https://app.example", "https://app.example", "https://app.example")]
    [InlineData("https://app.example", "https://other.example", null)]
    [InlineData("*", "https://any.example", "https://any.example")]
    public async Task A_page_may_read_responses_only_if_its_origin_is_configured(string allowed, string origin, string? answered)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(
            new ScriptedInference(), new OpenAiServerOptions { CorsOrigins = allowed.Length == 0 ? [] : [allowed] });
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
        request.Headers.Add("Origin", origin);
        using HttpResponseMessage response = await gateway.Client.SendAsync(request);
        response.Headers.TryGetValues("access-control-allow-origin", out System.Collections.Generic.IEnumerable<string>? values);
        Assert.Equal(answered, values?.Single());
    }

    [Theory]
    [InlineData(true, 204)]
    [InlineData(false, 405)]
    public async Task A_preflight_is_answered_without_a_key_if_its_origin_is_configured(bool configured, int status)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(
            new ScriptedInference(), new OpenAiServerOptions { CorsOrigins = configured ? ["https://app.example"] : [] });
        using HttpRequestMessage request = new(HttpMethod.Options, GatewayHarness.ChatPath);
        request.Headers.Add("Origin", "https://app.example");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
        using HttpResponseMessage response = await gateway.Client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        if (configured)
        {
            Assert.Equal("authorization,content-type", Assert.Single(response.Headers.GetValues("access-control-allow-headers")));
        }
    }

    private static Task<GatewayHarness> StartAsync() =>
        GatewayHarness.StartAsync(new ScriptedInference(), new OpenAiServerOptions { ApiKeys = Keys });
}
