using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace Darkbloom.Bench.Transport.Contenders;

/// <summary>This project's transport, used as a node and a gateway use it; keys are pinned in place of tickets.</summary>
internal static class MeshContender
{
    private const string Network = "bench";

    public sealed class Client : IStreamClient
    {
        private readonly PeerIdentity _identity;
        private readonly MeshHost _host;
        private readonly MeshConnection _connection;

        private Client(PeerIdentity identity, MeshHost host, MeshConnection connection, TimeSpan connectTime) =>
            (_identity, _host, _connection, ConnectTime) = (identity, host, connection, connectTime);

        public TimeSpan ConnectTime { get; }

        public static async Task<Client> ConnectAsync(IPEndPoint server, PublicKey key)
        {
            PeerIdentity identity = NewIdentity();
            MeshHost host = MeshHost.Start(
                new MeshHostOptions { Network = Network, Bind = AnyPort(server.Address), PinnedPeers = [key] }, identity, NullLoggerFactory.Instance);
            long started = Stopwatch.GetTimestamp();
            MeshConnection connection = await host.ConnectAsync(key, server, CancellationToken.None);
            return new Client(identity, host, connection, Stopwatch.GetElapsedTime(started));
        }

        public async Task<Stream> OpenAsync(bool isUrgent) =>
            await _connection.OpenStreamAsync(isUrgent ? StreamPriority.Tokens : StreamPriority.Bulk, CancellationToken.None);

        public IReadOnlyDictionary<string, string> Statistics
        {
            get
            {
                ConnectionStatistics counts = _connection.Statistics;
                return AgentMessage.Of(
                    ("rtt_ms", counts.SmoothedRtt.TotalMilliseconds), ("rtt_min_ms", counts.MinimumRtt.TotalMilliseconds),
                    ("sent", counts.PacketsSent), ("lost", counts.PacketsLost), ("spurious", counts.PacketsLostSpuriously));
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _host.DisposeAsync();
            _identity.Dispose();
        }
    }

    public sealed class Server : IStreamServer
    {
        private readonly PeerIdentity _identity = NewIdentity();
        private readonly MeshHost _host;
        private readonly Func<Stream, Task> _serve;

        public Server(IPAddress address, Func<Stream, Task> serve)
        {
            _serve = serve;
            _host = MeshHost.Start(
                new MeshHostOptions { Network = Network, Bind = AnyPort(address), AcceptUnticketed = true }, _identity, NullLoggerFactory.Instance);
            _ = AcceptAsync();
        }

        public int Port => _host.LocalEndPoint.Port;

        public string Key => _host.PublicKey.ToString();

        public async ValueTask DisposeAsync()
        {
            await _host.DisposeAsync();
            _identity.Dispose();
        }

        private async Task AcceptAsync()
        {
            while (true)
            {
                MeshConnection connection = await _host.AcceptConnectionAsync(CancellationToken.None);
                _ = AcceptStreamsAsync(connection);
            }
        }

        private async Task AcceptStreamsAsync(MeshConnection connection)
        {
            while (true)
            {
                MeshStream stream = await connection.AcceptStreamAsync(CancellationToken.None);
                _ = _serve(stream);
            }
        }
    }

    private static IPEndPoint AnyPort(IPAddress peer) => new(IPAddress.IsLoopback(peer) ? IPAddress.Loopback : IPAddress.Any, 0);

    private static PeerIdentity NewIdentity()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return PeerIdentity.Import(key.ExportPkcs8PrivateKey());
    }
}
