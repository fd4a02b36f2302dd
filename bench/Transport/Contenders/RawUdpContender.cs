using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using Darkbloom.Bench.Goals;

namespace Darkbloom.Bench.Transport.Contenders;

/// <summary>What no portable transport can beat: a datagram a system call, sealed and opened by AES-256-GCM, and nothing else.</summary>
internal static class RawUdpContender
{
    public const int DatagramBytes = 1452;
    private const int NonceBytes = 12;
    private const int NumberBytes = sizeof(long);
    private const int TagBytes = 16;
    private const int SocketBufferBytes = 4 * 1024 * 1024;
    private static readonly byte[] _key = new byte[32]; // both ends know it: this isn't about secrecy

    /// <summary>Counts what it can open; answers what is short.</summary>
    public sealed class Receiver : IDisposable
    {
        private const int EchoBytesMax = 512;
        private readonly Socket _socket;
        private long _received;

        public Receiver(IPAddress address)
        {
            _socket = NewSocket(address);
            new Thread(Run) { IsBackground = true, Name = "raw-udp" }.Start();
        }

        public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

        public long ReceivedBytes => Interlocked.Read(ref _received);

        public void Dispose() => _socket.Dispose();

        private void Run()
        {
            using Sealer sealer = new();
            byte[] datagram = new byte[2048];
            SocketAddress from = new(AddressFamily.InterNetwork);
            try
            {
                while (true)
                {
                    int length = _socket.ReceiveFrom(datagram, SocketFlags.None, from);
                    sealer.Open(datagram.AsSpan(0, length));
                    _received += length - NumberBytes - TagBytes;
                    if (length <= EchoBytesMax)
                    {
                        sealer.Seal(datagram.AsSpan(0, length));
                        _ = _socket.SendTo(datagram.AsSpan(0, length), SocketFlags.None, from);
                    }
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The socket was closed: the run is over.
            }
        }
    }

    /// <summary>Round trips in microseconds.</summary>
    public static Samples Echo(IPEndPoint target, int count, int bytes)
    {
        using Socket socket = NewSocket(IPAddress.Loopback);
        using Sealer sealer = new();
        SocketAddress to = target.Serialize();
        SocketAddress from = new(AddressFamily.InterNetwork);
        byte[] datagram = new byte[bytes + NumberBytes + TagBytes];
        Samples samples = new();
        for (int i = 0; i < count; i++)
        {
            long started = Stopwatch.GetTimestamp();
            sealer.Seal(datagram);
            _ = socket.SendTo(datagram, SocketFlags.None, to);
            int length = socket.ReceiveFrom(datagram, SocketFlags.None, from);
            sealer.Open(datagram.AsSpan(0, length));
            samples.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }
        return samples;
    }

    /// <summary>Sends as fast as one thread can; the receiver says what arrived.</summary>
    public static void Flood(IPEndPoint target, TimeSpan duration)
    {
        using Socket socket = NewSocket(IPAddress.Loopback);
        using Sealer sealer = new();
        SocketAddress to = target.Serialize();
        byte[] datagram = new byte[DatagramBytes];
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < duration)
        {
            sealer.Seal(datagram);
            _ = socket.SendTo(datagram, SocketFlags.None, to);
        }
    }

    private static Socket NewSocket(IPAddress address)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
        {
            ReceiveBufferSize = SocketBufferBytes,
            SendBufferSize = SocketBufferBytes,
        };
        socket.Bind(new IPEndPoint(address, 0));
        return socket;
    }

    /// <summary>Number, sealed bytes, tag.</summary>
    private sealed class Sealer : IDisposable
    {
        private readonly AesGcm _aes = new(_key, TagBytes);
        private readonly byte[] _nonce = new byte[NonceBytes];
        private long _number;

        public void Seal(Span<byte> datagram)
        {
            BinaryPrimitives.WriteInt64LittleEndian(datagram, ++_number);
            datagram[..NumberBytes].CopyTo(_nonce);
            Span<byte> bytes = datagram[NumberBytes..^TagBytes];
            _aes.Encrypt(_nonce, bytes, bytes, datagram[^TagBytes..], datagram[..NumberBytes]);
        }

        public void Open(Span<byte> datagram)
        {
            datagram[..NumberBytes].CopyTo(_nonce);
            Span<byte> bytes = datagram[NumberBytes..^TagBytes];
            _aes.Decrypt(_nonce, bytes, datagram[^TagBytes..], bytes, datagram[..NumberBytes]);
        }

        public void Dispose() => _aes.Dispose();
    }
}
