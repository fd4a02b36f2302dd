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

public sealed class RouteTests
{
    [Theory]
    [InlineData("GET", "/", 404, null)]
    [InlineData("POST", "/x", 404, "Invalid URL (POST /x)")]
    [InlineData("POST", "/v1/moderations", 404, "Invalid URL (POST /v1/moderations)")]
    [InlineData("GET", "/v1/embeddings", 405, null)]
    [InlineData("GET", "/v1/completions", 405, null)]
    [InlineData("GET", "/v1/models/", 404, null)]
    [InlineData("GET", "/V1/models", 404, null)]
    [InlineData("PUT", "/v1/chat/completions", 405, null)]
    [InlineData("POST", "/v1/models", 405, null)]
    [InlineData("DELETE", "/v1/models/plain", 405, null)]
    [InlineData("POST", "/healthz", 405, null)]
    public async Task A_wrong_turn_gets_openais_error_object(string method, string path, int status, string? message)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using HttpResponseMessage response = await gateway.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        JsonNode body = await GatewayHarness.ReadAsync(response);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(["message", "type", "param", "code"], body["error"]!.AsObject().Select(p => p.Key));
        Assert.Equal("invalid_request_error", body["error"]!["type"]!.GetValue<string>());
        Assert.Equal(status == 405, response.Content.Headers.Allow.Count > 0);
        if (message is not null)
        {
            Assert.Equal(message, body["error"]!["message"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task An_unknown_path_is_refused_in_the_words_of_whoever_has_paths_like_it()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using HttpResponseMessage ollama = await gateway.Client.GetAsync("/api/x");
        Assert.Equal("""{"error":"Invalid URL (GET /api/x)"}""", await ollama.Content.ReadAsStringAsync());

        using HttpResponseMessage anthropic = await gateway.Client.GetAsync("/v1/messages/x/y");
        JsonNode body = await GatewayHarness.ReadAsync(anthropic);
        Assert.Equal("""{"type":"not_found_error","message":"Invalid URL (GET /v1/messages/x/y)"}""", body["error"]!.ToJsonString());
        Assert.Equal(("error", 404), (body["type"]!.GetValue<string>(), (int)anthropic.StatusCode));
        Assert.Equal(anthropic.Headers.GetValues("request-id").Single(), body["request_id"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]")]
    [InlineData("/v1/completions", "\"prompt\":\"x\"")]
    [InlineData("/v1/responses", "\"input\":\"x\"")]
    [InlineData("/v1/messages", "\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]")]
    [InlineData("/api/generate", "\"prompt\":\"x\"")]
    public async Task An_alias_works_in_every_dialect(string path, string body)
    {
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text("x"), Say.Stop(), Say.End());
        OpenAiServerOptions options = new() { ModelAliases = ImmutableSortedDictionary<string, string>.Empty.Add("small", "acme/tiny") };
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(inference, options);
        using HttpResponseMessage response = await gateway.PostAsync($$"""{"model":"small",{{body}} }""", path);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        Assert.Equal("acme/tiny", (await inference.Called).Model);
    }

    [Fact]
    public async Task Anthropics_clients_find_a_page_of_models()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        JsonNode list = JsonNode.Parse(await gateway.Client.GetStringAsync("/v1/models"))!;
        Assert.Equal(("acme/tiny", "plain", false), (list["first_id"]!.GetValue<string>(), list["last_id"]!.GetValue<string>(), list["has_more"]!.GetValue<bool>()));
        Assert.Equal(("model", "acme/tiny"), (list["data"]![0]!["type"]!.GetValue<string>(), list["data"]![0]!["display_name"]!.GetValue<string>()));
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models/nobody") { Headers = { { "anthropic-version", "2023-06-01" } } };
        using HttpResponseMessage unknown = await gateway.Client.SendAsync(request);
        Assert.Equal("not_found_error", (await GatewayHarness.ReadAsync(unknown))["error"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Models_are_listed_with_what_the_mesh_knows()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        JsonNode list = JsonNode.Parse(await gateway.Client.GetStringAsync("/v1/models"))!;
        Assert.Equal("list", list["object"]!.GetValue<string>());
        Assert.Equal(["acme/tiny", "plain"], list["data"]!.AsArray().Select(m => m!["id"]!.GetValue<string>()));
        JsonNode model = list["data"]![0]!;
        Assert.Equal(("model", "darkbloom"), (model["object"]!.GetValue<string>(), model["owned_by"]!.GetValue<string>()));
        Assert.True(model["created"]!.GetValue<long>() > 1_600_000_000);
        Assert.Equal(
            """{"context_length":4096,"nodes":3,"attested_nodes":1,"input_modalities":["text"],"chat":true,"completions":true,"tools":true,"reasoning":true,"fill_in_middle":true,"embeddings":true,"transcription":false,"aliases":[]}""", model["darkbloom"]!.ToJsonString());
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("acme%2Ftiny", "acme/tiny")]
    [InlineData("acme%2ftiny", "acme/tiny")]
    [InlineData("acme/tiny", "acme/tiny")]
    public async Task A_model_is_found_by_its_id_however_its_slash_is_written(string path, string id)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        JsonNode model = JsonNode.Parse(await gateway.Client.GetStringAsync($"/v1/models/{path}"))!;
        Assert.Equal(id, model["id"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task A_model_that_is_not_served_is_not_found(string method)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using HttpResponseMessage response = await gateway.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/v1/models/fake_id"));
        JsonNode error = (await GatewayHarness.ReadAsync(response))["error"]!;
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(("model", "model_not_found"), (error["param"]!.GetValue<string>(), error["code"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("GET", "/v1/chat/completions/chatcmpl-1")]
    [InlineData("DELETE", "/v1/chat/completions/chatcmpl-1")]
    [InlineData("GET", "/v1/chat/completions/chatcmpl-1/messages")]
    public async Task A_stored_completion_is_never_found(string method, string path)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using HttpResponseMessage response = await gateway.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("Completion chatcmpl-1 not found", (await GatewayHarness.ReadAsync(response))["error"]!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task Readiness_waits_for_a_node_and_says_why()
    {
        ScriptedInference inference = new() { Models = [] };
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(
            inference, new OpenAiServerOptions { NotReadyReason = () => inference.Models.IsEmpty ? "not enrolled yet" : null });
        using HttpResponseMessage early = await gateway.Client.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, early.StatusCode);
        Assert.Equal("not enrolled yet", (await GatewayHarness.ReadAsync(early))["reason"]!.GetValue<string>());
        using HttpResponseMessage live = await gateway.Client.GetAsync("/healthz");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);

        inference.Models = [new("m", 1, 1, 0, Mesh.Routing.ModelCapabilities.Chat)];
        using HttpResponseMessage ready = await gateway.Client.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    [Fact]
    public async Task Probes_answer_head_requests()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(new ScriptedInference());
        using HttpResponseMessage response = await gateway.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/healthz"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
