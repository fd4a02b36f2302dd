using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>Every UDP datagram that this machine receives over IPv4 while the capture lives, headers included.</summary>
/// <remarks>A raw socket gets a copy of each datagram; it needs root, or CAP_NET_RAW on Linux.</remarks>
internal sealed class UdpCapture : IDisposable
{
    private const int DatagramBytesMax = 65_535;
    private const int IPv4HeaderBytesMin = 20;

    private readonly Socket _socket;
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly List<byte[]> _datagrams = [];

    private UdpCapture(Socket socket)
    {
        _socket = socket;
        _socket.ReceiveBufferSize = 16 * 1024 * 1024;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _thread = new Thread(Receive) { IsBackground = true, Name = "udp-capture" };
        _thread.Start();
    }

    /// <summary>Starts a capture; null when the user may not open raw sockets.</summary>
    public static UdpCapture? TryStart()
    {
        try
        {
            return new UdpCapture(new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Udp));
        }
        catch (SocketException)
        {
            return null;
        }
    }

    public IReadOnlyList<byte[]> Datagrams
    {
        get
        {
            lock (_lock)
            {
                return [.. _datagrams];
            }
        }
    }

    /// <summary>How many datagrams came from or went to one of these ports.</summary>
    public int CountOfPorts(IReadOnlySet<int> ports)
    {
        int count = 0;
        foreach (byte[] datagram in Datagrams)
        {
            int header = (datagram[0] & 0x0F) * 4;
            int source = BinaryPrimitives.ReadUInt16BigEndian(datagram.AsSpan(header));
            int target = BinaryPrimitives.ReadUInt16BigEndian(datagram.AsSpan(header + 2));
            count += ports.Contains(source) || ports.Contains(target) ? 1 : 0;
        }

        return count;
    }

    /// <summary>Whether any datagram holds these bytes.</summary>
    public bool Contains(ReadOnlySpan<byte> needle)
    {
        foreach (byte[] datagram in Datagrams)
        {
            if (datagram.AsSpan().IndexOf(needle) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _thread.Join();
    }

    private void Receive()
    {
        byte[] buffer = new byte[DatagramBytesMax];
        while (true)
        {
            try
            {
                int length = _socket.Receive(buffer);
                if (length >= IPv4HeaderBytesMin + 8)
                {
                    lock (_lock)
                    {
                        _datagrams.Add(buffer.AsSpan(0, length).ToArray());
                    }
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
