using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using Darkbloom.Protocol.Primitives;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Mesh.Hosting;

/// <summary>The UDP sockets of a peer, one for each address family: everything it does goes through one port, and one NAT mapping.</summary>
public sealed class UdpEndpoint : IDatagramPort
{
    /// <summary>How often the system may choose a port for IPv6 that IPv4 hasn't free.</summary>
    private const int PortTriesMax = 16;

    private readonly UdpSocket? _v4;
    private readonly UdpSocket? _v6;
    private readonly ILogger _log;
    private long _unroutable;

    /// <param name="bind">The unspecified IPv6 address means both families, as far as the system has them.</param>
    /// <exception cref="SocketException">The address can't be bound.</exception>
    public UdpEndpoint(IPEndPoint bind, ILogger log, UdpCalls calls = UdpCalls.Fastest)
    {
        ArgumentNullException.ThrowIfNull(bind);
        _log = log;
        (Socket? v4, Socket? v6) = Open(bind, log);
        _v4 = v4 is null ? null : new UdpSocket(v4, calls, log);
        _v6 = v6 is null ? null : new UdpSocket(v6, calls, log);
    }

    /// <summary>With both families that of IPv6; the port is the same.</summary>
    public IPEndPoint LocalEndPoint => (_v6 ?? _v4)!.LocalEndPoint;

    public PortStatistics Statistics =>
        (_v4?.Statistics ?? default) + (_v6?.Statistics ?? default) + new PortStatistics { SendsDropped = Interlocked.Read(ref _unroutable) };

    public void Start(BatchReceived received)
    {
        _v4?.Start(received);
        _v6?.Start(received);
    }

    public void Send(ReadOnlySpan<byte> datagram, PathAddress target)
    {
        if ((target.IsIPv4 ? _v4 : _v6) is { } socket)
        {
            socket.Send(datagram, target);
            return;
        }
        HostingLog.SendDropped(_log, SocketError.AddressFamilyNotSupported);
        _unroutable++;
    }

    public void Flush()
    {
        _v4?.Flush();
        _v6?.Flush();
    }

    public void Dispose()
    {
        _v4?.Dispose();
        _v6?.Dispose();
    }

    private static (Socket? V4, Socket? V6) Open(IPEndPoint bind, ILogger log)
    {
        if (!bind.Address.Equals(IPAddress.IPv6Any))
        {
            Socket only = UdpSockets.Bind(bind, log);
            return bind.AddressFamily == AddressFamily.InterNetwork ? (only, null) : (null, only);
        }
        IPEndPoint anyV4 = new(IPAddress.Any, bind.Port);
        if (!Socket.OSSupportsIPv6 || !Socket.OSSupportsIPv4)
        {
            return Socket.OSSupportsIPv6 ? (null, UdpSockets.Bind(bind, log)) : (UdpSockets.Bind(anyV4, log), null);
        }
        for (int tries = 1; ; tries++)
        {
            Socket? v6 = TryBindV6(bind, log);
            try
            {
                int port = v6 is null ? bind.Port : ((IPEndPoint)v6.LocalEndPoint!).Port;
                return (UdpSockets.Bind(new IPEndPoint(IPAddress.Any, port), log), v6);
            }
            catch (SocketException e)
            {
                v6?.Dispose();
                if (bind.Port != 0 || e.SocketErrorCode != SocketError.AddressAlreadyInUse || tries == PortTriesMax)
                {
                    throw;
                }
            }
        }
    }

    /// <summary>Null where IPv6 exists in name only: switched off on every interface.</summary>
    private static Socket? TryBindV6(IPEndPoint bind, ILogger log)
    {
        try
        {
            return UdpSockets.Bind(bind, log);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
        {
            HostingLog.WithoutIPv6(log, e.SocketErrorCode);
            return null;
        }
    }
}
