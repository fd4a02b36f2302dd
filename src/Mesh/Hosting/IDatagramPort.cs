using System;
using System.Net;
using System.Threading;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Takes datagrams that arrived together, on a receive thread of the port; their bytes may be overwritten in place.</summary>
/// <returns>
/// A caller who waited for what came, if there is one: the port executes it upon the same thread once another one
/// receives, or else hands it to the thread pool. Never while it holds up what arrives next.
/// </returns>
public delegate IThreadPoolWorkItem? BatchReceived(DatagramBatch batch);

/// <summary>Where a peer's datagrams leave and arrive: a UDP socket, or a process-local network.</summary>
public interface IDatagramPort : IDisposable
{
    IPEndPoint LocalEndPoint { get; }

    /// <summary>What the port has sent, received and dropped since it was made.</summary>
    PortStatistics Statistics { get; }

    /// <summary>Begins to receive on threads of the port's own.</summary>
    void Start(BatchReceived received);

    /// <summary>Sends one datagram or drops it: like a network, a port reports no failure. Calls must not overlap.</summary>
    /// <remarks>It may wait for others that can leave with it, until <see cref="Flush"/>.</remarks>
    void Send(ReadOnlySpan<byte> datagram, PathAddress target);

    /// <summary>Sends what waits; to be called at the end of each burst.</summary>
    void Flush();
}
