using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using Darkbloom.Protocol.Primitives;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Mesh.Hosting;

/// <summary>The one UDP socket of a peer, with a blocking receive thread: a wake-up costs half of what an async receive does.</summary>
/// <remarks>No error of the socket ends it: what can't be sent is lost like any datagram, and is counted.</remarks>
public sealed class UdpEndpoint : IDatagramPort
{
    /// <summary>Asked for in each direction; the system may grant less.</summary>
    public const int SocketBufferBytes = 4 * 1024 * 1024;

    /// <summary>Below this a burst of a fast path overflows the socket.</summary>
    public const int SocketBufferBytesMin = 256 * 1024;

    /// <summary>Datagrams taken from the socket before an answer is sent: larger delays acknowledgements, smaller repeats them.</summary>
    public const int BatchMax = 16;

    private const int DatagramBytesMax = 65_535;
    private const int JoinMsMax = 2_000;

    /// <summary>After this many errors in a row the receive thread waits before it asks again, so that it can't spin.</summary>
    private const int ErrorsInARowMax = 8;
    private const int ErrorPauseMs = 10;

    private readonly Socket _socket;
    private readonly SocketAddresses _addresses;
    private readonly ILogger _log;
    private Thread? _receiver;
    private volatile bool _stopped;
    private long _datagramsSent, _bytesSent, _datagramsReceived, _bytesReceived, _sendsDropped, _receiveErrors;

    public UdpEndpoint(IPEndPoint bind, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(bind);
        _log = log;
        _socket = new Socket(bind.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _addresses = new SocketAddresses(bind.AddressFamily);
        try
        {
            Prepare(bind);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
        LocalEndPoint = (IPEndPoint)_socket.LocalEndPoint!;
    }

    public IPEndPoint LocalEndPoint { get; }

    public PortStatistics Statistics => new(
        Interlocked.Read(ref _datagramsSent),
        Interlocked.Read(ref _bytesSent),
        Interlocked.Read(ref _datagramsReceived),
        Interlocked.Read(ref _bytesReceived),
        Interlocked.Read(ref _sendsDropped),
        Interlocked.Read(ref _receiveErrors));

    public void Start(DatagramReceived received, Action drained)
    {
        _receiver = new Thread(() => Receive(received, drained)) { IsBackground = true, Name = "mesh-receive" };
        _receiver.Start();
    }

    public void Send(ReadOnlySpan<byte> datagram, PathAddress target)
    {
        try
        {
            if (!_stopped && _addresses.ToSocket(target) is { } address)
            {
                _ = _socket.SendTo(datagram, SocketFlags.None, address);
                _datagramsSent++;
                _bytesSent += datagram.Length;
                return;
            }
        }
        catch (SocketException e)
        {
            HostingLog.SendDropped(_log, e.SocketErrorCode);
        }
        catch (ObjectDisposedException)
        {
            // A send that races the disposal is one more lost datagram.
        }
        _sendsDropped++;
    }

    /// <summary>Wakes the receive thread by a datagram to itself: closing a socket under a blocked call isn't portable.</summary>
    public void Dispose()
    {
        if (_stopped)
        {
            return;
        }
        _stopped = true;
        try
        {
            IPAddress self = LocalEndPoint.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
                : LocalEndPoint.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
                : LocalEndPoint.Address;
            _ = _socket.SendTo(ReadOnlySpan<byte>.Empty, SocketFlags.None, new IPEndPoint(self, LocalEndPoint.Port));
        }
        catch (SocketException)
        {
            // Without a route to itself the socket still wakes its reader on Linux when it closes.
        }
        _socket.Dispose();
        if (_receiver is { } thread && thread != Thread.CurrentThread && !thread.Join(JoinMsMax))
        {
            HostingLog.ThreadLeftBehind(_log, thread.Name!);
        }
    }

    private void Prepare(IPEndPoint bind)
    {
        if (bind.AddressFamily == AddressFamily.InterNetworkV6)
        {
            _socket.DualMode = true;
        }
        _socket.ReceiveBufferSize = SocketBufferBytes;
        _socket.SendBufferSize = SocketBufferBytes;
        if (OperatingSystem.IsWindows())
        {
            // Without this (SIO_UDP_CONNRESET) an ICMP report on one path fails the receive of all.
            _ = _socket.IOControl(unchecked((int)0x9800000C), [0, 0, 0, 0], null);
        }
        try
        {
            _socket.DontFragment = true;
        }
        catch (SocketException)
        {
            // A system that can't refuse fragments still delivers them.
        }
        _socket.Bind(bind);
        if (_socket.ReceiveBufferSize < SocketBufferBytesMin)
        {
            HostingLog.SmallReceiveBuffer(_log, _socket.ReceiveBufferSize, SocketBufferBytes);
        }
    }

    private void Receive(DatagramReceived received, Action drained)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(DatagramBytesMax, pinned: true);
        SocketAddress from = new(_socket.AddressFamily);
        int errorsInARow = 0;
        while (!_stopped)
        {
            try
            {
                ReceiveBatch(buffer, from, received);
                errorsInARow = 0;
            }
            catch (SocketException e)
            {
                // ICMP reports and oversized datagrams concern one path: the others go on.
                _receiveErrors++;
                if (!_stopped && ++errorsInARow >= ErrorsInARowMax)
                {
                    HostingLog.ReceiveFailing(_log, e.SocketErrorCode);
                    Thread.Sleep(ErrorPauseMs);
                }
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            if (!_stopped)
            {
                drained();
            }
        }
    }

    private void ReceiveBatch(byte[] buffer, SocketAddress from, DatagramReceived received)
    {
        for (int i = 0; i < BatchMax && (i == 0 || _socket.Available > 0); i++)
        {
            int length = _socket.ReceiveFrom(buffer, SocketFlags.None, from);
            if (_stopped)
            {
                return;
            }
            _datagramsReceived++;
            _bytesReceived += length;
            received(SocketAddresses.FromSocket(from), buffer.AsSpan(0, length));
        }
    }
}
