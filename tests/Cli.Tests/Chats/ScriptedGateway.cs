using System;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Cli.Tests.Chats;

/// <summary>A real HTTP server that answers as an OpenAI endpoint does, with a fixed text.</summary>
internal sealed class ScriptedGateway : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ScriptedGateway(WebApplication application) => _application = application;

    public string Address => _application.Urls.Single();

    public string? LastAuthorization { get; private set; }

    public static async Task<ScriptedGateway> StartAsync(int status = 200, params string[] events)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        WebApplication application = builder.Build();
        ScriptedGateway gateway = new(application);
        application.MapGet("/v1/models", context => WriteAsync(
            context, status, "application/json", status == 200 ? """{"object":"list","data":[{"id":"darkbloom-tiny"},{"id":"other"}]}""" : events[0]));
        application.MapPost("/v1/chat/completions", async context =>
        {
            gateway.LastAuthorization = context.Request.Headers.Authorization;
            string body = status == 200
                ? string.Concat((events.Length == 0 ? Tokyo : events).Select(text => $"data: {text}\n\n"))
                : events[0];
            await WriteAsync(context, status, status == 200 ? "text/event-stream" : "application/json", body);
        });
        await application.StartAsync();
        return gateway;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static readonly string[] Tokyo =
    [
        """{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}""",
        """{"choices":[{"index":0,"delta":{"content":"Tok"},"finish_reason":null}]}""",
        """{"choices":[{"index":0,"delta":{"content":"yo."},"finish_reason":null}]}""",
        """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""",
        """{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}""",
        "[DONE]",
    ];

    private static Task WriteAsync(HttpContext context, int status, string type, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(body, context.RequestAborted);
    }
}
