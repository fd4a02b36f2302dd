using System;
using System.Net;
using System.Net.Sockets;

namespace Darkbloom.Mesh.Hosting;

/// <summary>The system calls that carry many datagrams at once, or do as if; what they have in common is <see cref="UdpSocket"/>'s.</summary>
internal interface ISocketCalls
{
    /// <summary>Whether <see cref="TrySendRun"/> is worth calling.</summary>
    bool JoinsDatagrams { get; }

    /// <summary>Datagrams that one <see cref="Receive"/> may bring.</summary>
    int BatchMax { get; }

    /// <summary>Waits for a datagram, and takes with it what else has arrived, up to a limit.</summary>
    /// <exception cref="SocketException">The system reports an error; what the batch holds by then is valid.</exception>
    /// <exception cref="PlatformNotSupportedException">The system knows no such call after all.</exception>
    void Receive(DatagramBatch batch);

    /// <summary>Sends a run of datagrams of one size in one call, of which the last may be shorter.</summary>
    RunOutcome TrySendRun(ReadOnlySpan<byte> run, int datagramBytes, SocketAddress target);
}
