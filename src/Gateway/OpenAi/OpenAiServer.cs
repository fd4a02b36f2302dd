using System;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>The HTTP edge over any inference client.</summary>
internal sealed class OpenAiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly OpenAiServerOptions _options;
    private readonly RequestPipeline _pipeline;
    private readonly SealedDirectory _disk;
    private readonly CancellationTokenSource _stopping;
    private readonly ILogger _log;
    private int _disposed;

    private OpenAiServer(
        WebApplication app,
        OpenAiServerOptions options,
        RequestPipeline pipeline,
        SealedDirectory disk,
        CancellationTokenSource stopping,
        ILogger log)
    {
        _disk = disk;
        _app = app;
        _options = options;
        _pipeline = pipeline;
        _stopping = stopping;
        _log = log;
        foreach (string address in app.Urls)
        {
            BaseAddress = new Uri(address);
        }
    }

    public Uri BaseAddress { get; } = new("http://localhost");

    /// <summary>Returns when the port is bound.</summary>
    /// <exception cref="ArgumentException">The options would let strangers in, or hold an unusable key.</exception>
    /// <exception cref="System.IO.IOException">The address, or the state directory, is in use.</exception>
    /// <exception cref="System.IO.InvalidDataException">What the disk has of files or batches is damaged.</exception>
    public static async Task<OpenAiServer> StartAsync(
        OpenAiServerOptions options, IInferenceClient client, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        AccessPolicy access = new(options.ApiKeys, options.CorsOrigins);
        access.CheckBind(options.Bind);

        SealedDirectory disk = SealedDirectory.Open(options.StateDirectory);
        CancellationTokenSource stopping = new(Timeout.InfiniteTimeSpan, options.Time);
        ILogger log = loggers.CreateLogger<OpenAiServer>();
        RequestPipeline? pipeline = null;
        WebApplication app = Build(options, loggers);
        try
        {
            pipeline = new RequestPipeline(options, access, client, disk, log, stopping.Token);
            app.Run(pipeline.HandleAsync);
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            if (pipeline is not null)
            {
                await pipeline.DisposeAsync();
            }

            stopping.Dispose();
            disk.Dispose();
            throw;
        }

        OpenAiServer server = new(app, options, pipeline, disk, stopping, log);
        GatewayLog.Listening(log, server.BaseAddress);
        return server;
    }

    /// <summary>Stops listening, lets open requests end within their time, then ends them with an error, then cuts connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        GatewayLog.Draining(_log, _options.DrainTimeMax.TotalSeconds);
        _pipeline.BeginDrain();
        await _pipeline.DisposeAsync();
        using CancellationTokenSource cut = new(_options.DrainTimeMax + HttpLimits.DrainGrace, _options.Time);
        _stopping.CancelAfter(_options.DrainTimeMax);
        await _app.StopAsync(cut.Token);

        // What runs in the background has no open request whose end was waited for.
        await _stopping.CancelAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
        _disk.Dispose();
    }

    /// <summary>An empty builder: no file and no environment variable may change how the gateway listens.</summary>
    private static WebApplication Build(OpenAiServerOptions options, ILoggerFactory loggers)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(new WarningLoggers(loggers)));
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, NoLifetime>());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Bind, listener => listener.Protocols = HttpProtocols.Http1);
            ApplyLimits(kestrel);
        });

        // Each token is a small write: a thread that hands it to another one to send costs more than the send itself.
        // Nothing here blocks a thread, which is all that the transport asks for.
        builder.Services.Configure<SocketTransportOptions>(static sockets => sockets.UnsafePreferInlineScheduling = true);
        return builder.Build();
    }

    private static void ApplyLimits(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        KestrelServerLimits limits = kestrel.Limits;
        limits.MaxConcurrentConnections = HttpLimits.ConnectionsMax;
        limits.MaxRequestBodySize = HttpLimits.BodyBytesDrainedMax;
        limits.MaxRequestHeadersTotalSize = HttpLimits.HeaderBytesMax;
        limits.MaxRequestLineSize = HttpLimits.RequestLineBytesMax;
        limits.RequestHeadersTimeout = HttpLimits.HeadersTimeMax;
        limits.KeepAliveTimeout = HttpLimits.IdleConnectionTimeMax;
        limits.MinRequestBodyDataRate = new MinDataRate(HttpLimits.BytesPerSecondMin, HttpLimits.SlowGrace);
        limits.MinResponseDataRate = new MinDataRate(HttpLimits.BytesPerSecondMin, HttpLimits.SlowGrace);
    }

    /// <summary>Ctrl-C belongs to the command that composed the process, not to one server in it.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
