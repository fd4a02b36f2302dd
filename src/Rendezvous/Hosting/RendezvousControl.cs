using System;
using System.IO;
using System.Net.Http;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Rendezvous.Tickets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>What the owner of a running rendezvous may ask it, over a socket in its state directory, which only the owner can enter.</summary>
internal sealed class RendezvousControl : IAsyncDisposable
{
    private const string SocketName = "control.sock";
    private const string RevokePath = "/revoke";

    /// <summary>What every system takes as the path of such a socket.</summary>
    private const int SocketPathBytesMax = 103;

    private readonly WebApplication _application;

    private RendezvousControl(WebApplication application) => _application = application;

    /// <summary>Listens; null where the state directory's path is too long for a socket.</summary>
    public static async Task<RendezvousControl?> StartAsync(
        string stateDirectory, RegistrarDriver registrar, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        string path = SocketPath(stateDirectory);
        if (System.Text.Encoding.UTF8.GetByteCount(path) > SocketPathBytesMax)
        {
            return null;
        }
        File.Delete(path); // an earlier run that was killed leaves it; whoever holds the directory is the only one
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _ = builder.Services.AddSingleton(loggers);
        _ = builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.ListenUnixSocket(path);
        });
        WebApplication application = builder.Build();
        application.Run(context => AnswerAsync(context, registrar));
        await application.StartAsync(cancellationToken);
        return new RendezvousControl(application);
    }

    /// <summary>Asks the running rendezvous; null when none runs on this directory.</summary>
    public static async Task<Revocation?> TryRevokeAsync(string stateDirectory, string digits, CancellationToken cancellationToken)
    {
        string path = SocketPath(stateDirectory);
        if (!File.Exists(path))
        {
            return null;
        }
        using HttpClient http = new(new SocketsHttpHandler { ConnectCallback = (_, token) => ConnectAsync(path, token) });
        try
        {
            using HttpResponseMessage response =
                await http.PostAsync(new Uri($"http://rendezvous{RevokePath}/{digits}"), null, cancellationToken);
            _ = response.EnsureSuccessStatusCode();
            return Enum.Parse<Revocation>(await response.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException)
        {
            return null; // a socket that a killed process left behind
        }
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, RegistrarDriver registrar)
    {
        if (context.Request.Method == "POST" && context.Request.Path.StartsWithSegments(RevokePath, out PathString digits))
        {
            Revocation revocation = await registrar.RevokeAsync(digits.Value!.TrimStart('/'));
            await context.Response.WriteAsync(revocation.ToString(), context.RequestAborted);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status404NotFound;
    }

    private static string SocketPath(string stateDirectory) => Path.Combine(Path.GetFullPath(stateDirectory), SocketName);

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
