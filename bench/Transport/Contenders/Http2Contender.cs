using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Bench.Transport.Contenders;

/// <summary>Duplex requests over one HTTP/2 connection, as gRPC makes them.</summary>
internal static class Http2Contender
{
    private const int StreamWindowBytes = 8 * 1024 * 1024;
    private const int ConnectionWindowBytes = 16 * 1024 * 1024;
    private const string Path = "/stream";

    public sealed class Client : IStreamClient
    {
        private readonly HttpClient _client;

        [SuppressMessage("Security", "CA5359", Justification = "The server is a process that this program started.")]
        public Client(IPEndPoint server) => _client = new HttpClient(
            new SocketsHttpHandler
            {
                SslOptions = new SslClientAuthenticationOptions
                {
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, _, _, _) => true,
                },
                InitialHttp2StreamWindowSize = StreamWindowBytes,
            })
        {
            BaseAddress = new Uri($"https://{server}"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };

        public async Task<Stream> OpenAsync(bool isUrgent)
        {
            OpenContent content = new();
            HttpRequestMessage request = new(HttpMethod.Post, Path)
            {
                Content = content,
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            Task<HttpResponseMessage> responding = _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Stream writes = await content.Opened;
            await writes.FlushAsync();
            HttpResponseMessage response = await responding;
            return new DuplexStream(await response.Content.ReadAsStreamAsync(), writes);
        }

        public ValueTask DisposeAsync()
        {
            _client.Dispose();
            return ValueTask.CompletedTask;
        }

        /// <summary>A request body that stays open; the connection's end is its end.</summary>
        private sealed class OpenContent : HttpContent
        {
            private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

            public Task<Stream> Opened => _opened.Task;

            protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
            {
                _opened.SetResult(stream);
                return new TaskCompletionSource().Task;
            }

            protected override bool TryComputeLength(out long length)
            {
                length = 0;
                return false;
            }
        }
    }

    public sealed class Server : IStreamServer
    {
        private readonly X509Certificate2 _certificate = ServerCertificate.Create();
        private readonly WebApplication _application;

        private Server(IPAddress address, Func<Stream, Task> serve)
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseKestrelHttpsConfiguration();
            builder.WebHost.ConfigureKestrel(kestrel =>
            {
                kestrel.Limits.MaxRequestBodySize = null;
                kestrel.Limits.MinRequestBodyDataRate = null;
                kestrel.Limits.Http2.InitialConnectionWindowSize = ConnectionWindowBytes;
                kestrel.Limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
                kestrel.Listen(address, 0, listen =>
                {
                    listen.Protocols = HttpProtocols.Http2;
                    listen.UseHttps(new HttpsConnectionAdapterOptions { ServerCertificate = _certificate });
                });
            });
            _application = builder.Build();
            _application.MapPost(Path, async context =>
            {
                await context.Response.Body.FlushAsync();
                await serve(new DuplexStream(context.Request.Body, context.Response.Body));
            });
        }

        public int Port => new Uri(_application.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.Single()).Port;

        public static async Task<Server> StartAsync(IPAddress address, Func<Stream, Task> serve)
        {
            Server server = new(address, serve);
            await server._application.StartAsync();
            return server;
        }

        public async ValueTask DisposeAsync()
        {
            await _application.DisposeAsync();
            _certificate.Dispose();
        }
    }
}
