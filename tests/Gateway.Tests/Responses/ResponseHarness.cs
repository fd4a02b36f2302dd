using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Conformance.Exchanges;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Support;

namespace Darkbloom.Gateway.Tests.Responses;

/// <summary>Asks for responses.</summary>
internal static class ResponseHarness
{
    public const string Path = "/v1/responses";

    public static async Task<GatewayHarness> StartAsync(ScriptedInference inference, OpenAiServerOptions? options = null) =>
        await GatewayHarness.StartAsync(inference, options);

    public static async Task<JsonNode> CreateAsync(this GatewayHarness gateway, string more = "\"input\":\"Hi\"", int status = 200)
    {
        using HttpResponseMessage response = await gateway.PostAsync($$"""{"model":"acme/tiny",{{more}}}""", Path);
        JsonNode body = await GatewayHarness.ReadAsync(response);
        Xunit.Assert.True((int)response.StatusCode == status, body.ToJsonString());
        return body;
    }

    public static async Task<JsonNode> GetAsync(this GatewayHarness gateway, string path, int status = 200)
    {
        using HttpResponseMessage response = await gateway.Client.GetAsync(path);
        Xunit.Assert.Equal(status, (int)response.StatusCode);
        return await GatewayHarness.ReadAsync(response);
    }

    /// <summary>The events of a stream, in order; each is checked to have the next sequence number and its own name inside.</summary>
    public static async Task<List<(string Kind, JsonNode Data)>> StreamEventsAsync(this GatewayHarness gateway, string more)
    {
        using HttpResponseMessage response = await gateway.PostAsync($$"""{"model":"acme/tiny","stream":true,{{more}}}""", Path);
        List<(string Kind, JsonNode Data)> events =
        [
            .. StreamedEvent.ReadAll(await response.Content.ReadAsStringAsync()).Select(static one => (one.Kind, JsonNode.Parse(one.Data)!)),
        ];
        Xunit.Assert.Equal(Enumerable.Range(0, events.Count), events.Select(static one => one.Data["sequence_number"]!.GetValue<int>()));
        Xunit.Assert.All(events, static one => Xunit.Assert.Equal(one.Kind, one.Data["type"]!.GetValue<string>()));
        return events;
    }

    public static string Id(this JsonNode response) => response["id"]!.GetValue<string>();
}
