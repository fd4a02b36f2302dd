using System;
using System.IO;
using System.Net;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Rendezvous.Tickets;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>A rendezvous at work: a mesh peer that admits strangers, a registrar, and a journal.</summary>
/// <remarks>
/// The path of one request: (1) the mesh host accepts a session, which proves the peer's key; (2) the peer opens a stream
/// and sends one message; (3) the registrar decides under its lock; (4) what must not be forgotten is committed to the
/// journal; (5) the answer leaves on the same stream.
/// </remarks>
public sealed class RendezvousHost : IAsyncDisposable
{
    private readonly DisposalStack _parts;
    private readonly RegistrarDriver _registrar;
    private readonly MeshHost _mesh;
    private readonly RendezvousHttp? _http;
    private readonly RequestCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private int _disposed;

    private RendezvousHost(
        DisposalStack parts, RegistrarDriver registrar, MeshHost mesh, RendezvousHttp? http, RequestCounters counters, TimeProvider time, ILogger logger)
    {
        _parts = parts;
        _registrar = registrar;
        _mesh = mesh;
        _http = http;
        _counters = counters;
        _time = time;
        _logger = logger;
        _accepting = Task.Run(() => AcceptAsync(_stopping.Token));
    }

    public IPEndPoint LocalEndPoint => _mesh.LocalEndPoint;

    public PublicKey PublicKey => _mesh.PublicKey;

    /// <summary>What to tell peers, for a rendezvous that they reach at the address it is bound to.</summary>
    public RendezvousAddress Address => new(PublicKey, LocalEndPoint.Address.ToString(), LocalEndPoint.Port);

    /// <summary>Where /healthz, /readyz and /metrics are; null when there is no HTTP.</summary>
    public Uri? HttpAddress => _http?.Address;

    /// <exception cref="System.IO.IOException">The state directory or an address is in use or can't be used.</exception>
    /// <exception cref="System.IO.InvalidDataException">A key or the journal is damaged; the message says what to do.</exception>
    public static async Task<RendezvousHost> StartAsync(RendezvousOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        DisposalStack parts = new();
        try
        {
            return await StartAsync(options, parts, loggers, cancellationToken);
        }
        catch
        {
            await parts.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a peer's enrolment back for good, whether a rendezvous runs on this state directory or not.</summary>
    /// <param name="digits">The hexadecimal digits that the peer's id begins with, at least as many as people are shown.</param>
    /// <exception cref="System.IO.IOException">No rendezvous ever ran on the state directory, or it can't be used.</exception>
    public static async Task<Revocation> RevokeAsync(RendezvousOptions options, string digits, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (await RendezvousControl.TryRevokeAsync(options.StateDirectory, digits, cancellationToken) is { } told)
        {
            return told;
        }
        if (!System.IO.Directory.Exists(options.StateDirectory))
        {
            throw new IOException($"No rendezvous has run with the state directory {options.StateDirectory}.");
        }
        await using DisposalStack parts = new();
        return await (await RememberAsync(options, parts, cancellationToken)).Registrar.RevokeAsync(digits);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }
        await _stopping.CancelAsync();
        Task[] accepting = [_accepting];
        await Task.WhenAll(accepting);
        await _parts.DisposeAsync();
        _stopping.Dispose();
    }

    private static async Task<RendezvousHost> StartAsync(
        RendezvousOptions options, DisposalStack parts, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        // Step 1: the registrar remembers what an earlier run left behind.
        (StateDirectory state, TicketSigner signer, RegistrarDriver registrar) = await RememberAsync(options, parts, cancellationToken);
        PeerIdentity identity = parts.Add(state.LoadIdentity());

        // Step 2: peers may come, and the owner may ask.
        MeshHostOptions meshOptions = new() { Network = options.Network, Bind = options.Bind, AcceptUnticketed = true };
        MeshHost mesh = parts.Add(MeshHost.Start(meshOptions, identity, loggers));
        mesh.TrustTicketKey(signer.PublicKey);
        RequestCounters counters = new();
        RendezvousHttp? http = options.HttpBind is { } bind
            ? parts.Add(await RendezvousHttp.StartAsync(bind, registrar, counters, loggers, cancellationToken))
            : null;
        ILogger logger = loggers.CreateLogger<RendezvousHost>();
        if (await RendezvousControl.StartAsync(state.Path, registrar, loggers, cancellationToken) is { } control)
        {
            _ = parts.Add(control);
        }
        else
        {
            RendezvousLog.NoControl(logger, state.Path);
        }
        RendezvousLog.Started(logger, options.Network, mesh.LocalEndPoint, registrar.Counts.EnrolledPeers);
        return new RendezvousHost(parts, registrar, mesh, http, counters, options.Time, logger);
    }

    private static async Task<(StateDirectory State, TicketSigner Signer, RegistrarDriver Registrar)> RememberAsync(
        RendezvousOptions options, DisposalStack parts, CancellationToken cancellationToken)
    {
        StateDirectory state = parts.Add(StateDirectory.Open(options.StateDirectory));
        TicketSigner signer = parts.Add(state.LoadTicketSigner());
        TicketJournal journal = parts.Add(TicketJournal.Open(state.Journal));
        RegistrarOptions registrarOptions = new(options.Network, new JoinPolicy(options.JoinSecret));
        Prng prng = new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        RegistrarDriver registrar = parts.Add(await RegistrarDriver.StartAsync(
            (now, unixNow) => new Registrar(now, unixNow, registrarOptions, signer, prng), journal, cancellationToken));
        return (state, signer, registrar);
    }

    private async Task AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                MeshConnection connection = await _mesh.AcceptConnectionAsync(cancellationToken);
                if (_counters.TryOpen(HostingLimits.ConnectionsMax))
                {
                    _ = Task.Run(() => ServeAsync(connection, cancellationToken), CancellationToken.None);
                }
                else
                {
                    await connection.CloseAsync((ulong)RendezvousErrorCode.Full, "no more peers can connect here");
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or MeshException)
        {
            // The rendezvous stops.
        }
    }

    private async Task ServeAsync(MeshConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await new PeerServer(connection, _registrar, _counters, _time, _logger).ServeAsync(cancellationToken);
        }
        finally
        {
            _counters.Close();
        }
    }
}
