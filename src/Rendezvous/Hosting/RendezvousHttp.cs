using System;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>Health and figures over HTTP, for whoever operates the rendezvous; peers never use it.</summary>
internal sealed class RendezvousHttp : IAsyncDisposable
{
    private readonly WebApplication _application;

    private RendezvousHttp(WebApplication application) => _application = application;

    public Uri Address => new(_application.Urls.Single());

    public static async Task<RendezvousHttp> StartAsync(
        IPEndPoint bind, RegistrarDriver registrar, RequestCounters counters, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _ = builder.Services.AddSingleton(loggers);
        _ = builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = HostingLimits.HttpConnectionsMax;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(bind);
        });
        WebApplication application = builder.Build();
        application.Run(context => AnswerAsync(context, registrar, counters));
        await application.StartAsync(cancellationToken);
        return new RendezvousHttp(application);
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, RegistrarDriver registrar, RequestCounters counters)
    {
        (int status, string text) = (context.Request.Method, context.Request.Path.Value) switch
        {
            ("GET", "/healthz") => (StatusCodes.Status200OK, "ok\n"),
            ("GET", "/readyz") when registrar.IsHealthy => (StatusCodes.Status200OK, "ready\n"),
            ("GET", "/readyz") => (StatusCodes.Status503ServiceUnavailable, "the ticket journal can't be written\n"),
            ("GET", "/metrics") => (StatusCodes.Status200OK, Metrics(registrar.Counts, counters)),
            _ => (StatusCodes.Status404NotFound, "not found\n"),
        };
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static string Metrics(RegistrarCounts counts, RequestCounters counters) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        # TYPE darkbloom_rendezvous_enrolled_peers gauge
        darkbloom_rendezvous_enrolled_peers {counts.EnrolledPeers}
        # TYPE darkbloom_rendezvous_cards gauge
        darkbloom_rendezvous_cards {counts.Cards}
        # TYPE darkbloom_rendezvous_subscribers gauge
        darkbloom_rendezvous_subscribers {counts.Subscribers}
        # TYPE darkbloom_rendezvous_connections gauge
        darkbloom_rendezvous_connections {counters.Connections}
        # TYPE darkbloom_rendezvous_journal_bytes gauge
        darkbloom_rendezvous_journal_bytes {counts.JournalBytes}
        # TYPE darkbloom_rendezvous_requests_total counter
        darkbloom_rendezvous_requests_total {counters.Requests}
        # TYPE darkbloom_rendezvous_errors_total counter
        darkbloom_rendezvous_errors_total {counters.Errors}
        # TYPE darkbloom_rendezvous_tickets_total counter
        darkbloom_rendezvous_tickets_total {counters.Tickets}

        """);
}
