using System;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Makes the sockets that carry the mesh.</summary>
internal static class UdpSockets
{
    /// <summary>Asked for in each direction; the system may grant less.</summary>
    /// <remarks>macOS starts at 9 KB for sending and refuses any longer datagram.</remarks>
    public const int BufferBytes = 4 * 1024 * 1024;

    /// <summary>Below this a burst of a fast path overflows the socket.</summary>
    public const int BufferBytesMin = 256 * 1024;

    private const int LinuxLevelIP = 0;
    private const int LinuxLevelIPv6 = 41;
    private const int LinuxMtuDiscover = 10;
    private const int LinuxMtuDiscoverV6 = 23;
    private const int LinuxMtuProbe = 3; // IP_PMTUDISC_PROBE
    private const int WindowsConnectionReset = unchecked((int)0x9800000C); // SIO_UDP_CONNRESET

    /// <exception cref="SocketException">The address can't be bound.</exception>
    public static Socket Bind(IPEndPoint bind, ILogger log)
    {
        Socket socket = new(bind.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (bind.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false; // IPv4 has a socket of its own, and options of its own
            }
            int granted = Grow(size => socket.ReceiveBufferSize = size, () => socket.ReceiveBufferSize);
            _ = Grow(size => socket.SendBufferSize = size, () => socket.SendBufferSize);
            if (granted < BufferBytesMin)
            {
                HostingLog.SmallReceiveBuffer(log, granted, BufferBytes);
            }
            if (OperatingSystem.IsWindows())
            {
                // Without this an ICMP report on one path fails the receive of all.
                _ = socket.IOControl(WindowsConnectionReset, [0, 0, 0, 0], null);
            }
            RefuseFragments(socket);
            socket.Bind(bind);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Linux grants what it may; macOS refuses what is more than that.</summary>
    /// <returns>What was granted.</returns>
    private static int Grow(Action<int> set, Func<int> get)
    {
        for (int bytes = BufferBytes; bytes >= BufferBytesMin; bytes /= 2)
        {
            try
            {
                set(bytes);
                break;
            }
            catch (SocketException)
            {
                // Less, then.
            }
        }
        return get();
    }

    /// <summary>The transport finds out by itself what a path carries: a datagram that is too long is to be lost, not cut.</summary>
    private static void RefuseFragments(Socket socket)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                // Unlike DontFragment this also ignores what the kernel believes of the path, which anyone can tell it by ICMP.
                bool isV6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
                socket.SetRawSocketOption(
                    isV6 ? LinuxLevelIPv6 : LinuxLevelIP,
                    isV6 ? LinuxMtuDiscoverV6 : LinuxMtuDiscover,
                    BitConverter.GetBytes(LinuxMtuProbe));
            }
            else
            {
                socket.DontFragment = true;
            }
        }
        catch (SocketException)
        {
            // A system that can't refuse fragments still delivers them.
        }
    }
}
