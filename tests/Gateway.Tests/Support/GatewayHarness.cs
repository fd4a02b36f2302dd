using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Darkbloom.Gateway.Tests.Support;

/// <summary>The real server on a port of the system's choice, and a real HTTP client.</summary>
internal sealed class GatewayHarness : IAsyncDisposable
{
    public const string ChatPath = "/v1/chat/completions";

    /// <summary>The gateway's state; null where the test keeps it for a next gateway.</summary>
    private readonly string? _ownState;

    private GatewayHarness(OpenAiServer server, ScriptedInference inference, string? ownState)
    {
        _ownState = ownState;
        Server = server;
        Inference = inference;
        Client = new HttpClient { BaseAddress = server.BaseAddress };
    }

    public OpenAiServer Server { get; }

    public ScriptedInference Inference { get; }

    public HttpClient Client { get; }

    public static async Task<GatewayHarness> StartAsync(
        ScriptedInference inference, OpenAiServerOptions? options = null, ILoggerFactory? loggers = null)
    {
        options ??= new OpenAiServerOptions();
        string? ownState = options.StateDirectory.Length > 0 ? null : Directory.CreateTempSubdirectory("darkbloom-gateway-").FullName;
        try
        {
            OpenAiServer server = await OpenAiServer.StartAsync(
                ownState is null ? options : options with { StateDirectory = ownState }, inference, loggers ?? NullLoggerFactory.Instance, CancellationToken.None);
            return new GatewayHarness(server, inference, ownState);
        }
        catch
        {
            Remove(ownState);
            throw;
        }
    }

    public static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    public Task<HttpResponseMessage> PostAsync(string body, string path = ChatPath) => Client.PostAsync(path, Json(body));

    /// <summary>Sends a chat request with one user message and the given further fields.</summary>
    public Task<HttpResponseMessage> ChatAsync(string more = "") => PostAsync(ChatBody(more));

    public static string ChatBody(string more = "") =>
        $$"""{"model":"acme/tiny","messages":[{"role":"user","content":"Hi"}]{{(more.Length > 0 ? "," : "")}}{{more}}}""";

    /// <summary>Starts a stream; the result is its lines, as they come.</summary>
    public async Task<(HttpResponseMessage Response, StreamReader Lines)> StreamAsync(string more = "", CancellationToken cancellationToken = default)
    {
        HttpRequestMessage request = new(HttpMethod.Post, ChatPath)
        {
            Content = Json(ChatBody("\"stream\":true" + (more.Length > 0 ? "," : "") + more)),
        };
        HttpResponseMessage response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return (response, new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken)));
    }

    /// <summary>Streams to the end and returns the events' payloads.</summary>
    public async Task<List<string>> StreamToEndAsync(string more = "")
    {
        (HttpResponseMessage response, StreamReader lines) = await StreamAsync(more);
        using (response)
        {
            return ParseEvents(await lines.ReadToEndAsync());
        }
    }

    public static List<string> ParseEvents(string text)
    {
        List<string> events = [];
        foreach (string block in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            if (!block.StartsWith(':'))
            {
                Xunit.Assert.StartsWith("data: ", block, StringComparison.Ordinal);
                events.Add(block["data: ".Length..]);
            }
        }

        return events;
    }

    public static async Task<JsonNode> ReadAsync(HttpResponseMessage response) =>
        JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        Remove(_ownState);
    }

    private static void Remove(string? directory)
    {
        if (directory is not null)
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
