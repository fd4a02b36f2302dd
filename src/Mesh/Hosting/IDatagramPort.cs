using System;
using System.Net;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Takes one datagram on the port's receive thread; the bytes are the port's and may be overwritten in place.</summary>
public delegate void DatagramReceived(PathAddress from, Span<byte> datagram);

/// <summary>Where a peer's datagrams leave and arrive: a UDP socket, or a process-local network.</summary>
public interface IDatagramPort : IDisposable
{
    IPEndPoint LocalEndPoint { get; }

    /// <summary>What the port has sent, received and dropped since it was made.</summary>
    PortStatistics Statistics { get; }

    /// <summary>Begins to receive on a thread of the port's own.</summary>
    /// <param name="drained">Called after each run of datagrams that arrived together, so that one answer serves them all.</param>
    void Start(DatagramReceived received, Action drained);

    /// <summary>Sends one datagram or drops it: like a network, a port reports no failure. Calls must not overlap.</summary>
    void Send(ReadOnlySpan<byte> datagram, PathAddress target);
}
