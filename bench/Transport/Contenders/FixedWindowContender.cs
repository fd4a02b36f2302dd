using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace Darkbloom.Bench.Transport.Contenders;

/// <summary>
/// A model of LiteNetLib's reliable channel, made no worse than the original: 64 packets in flight, no congestion control,
/// no encryption, an acknowledgement for each packet, repetition after 25 ms + 2.1 RTT as a 15 ms tick notices it.
/// </summary>
/// <remarks>64 packets a round trip are its ceiling on any path: 2.3 MB/s at 40 ms.</remarks>
internal static class FixedWindowContender
{
    private const int WindowPackets = 64;
    private const int PayloadBytes = 1432 - HeaderBytes;
    private const int HeaderBytes = sizeof(long);
    private const int TickMs = 15;
    private const double RepeatMs = 25;
    private const double RepeatRtts = 2.1;
    private const int SocketBufferBytes = 4 * 1024 * 1024;
    private const double RttGain = 0.125;

    /// <summary>Acknowledges whatever comes, and counts what is new.</summary>
    public sealed class Receiver : IDisposable
    {
        private readonly Socket _socket;
        private readonly HashSet<long> _ahead = [];
        private long _nextNumber;
        private long _received;

        public Receiver(IPAddress address)
        {
            _socket = NewSocket(address);
            new Thread(Run) { IsBackground = true, Name = "fixed-window" }.Start();
        }

        public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

        public long ReceivedBytes => Interlocked.Read(ref _received);

        public void Dispose() => _socket.Dispose();

        private void Run()
        {
            byte[] packet = new byte[PayloadBytes + HeaderBytes];
            SocketAddress from = new(AddressFamily.InterNetwork);
            while (TryReceive(_socket, packet, from, out int length))
            {
                _ = _socket.SendTo(packet.AsSpan(0, HeaderBytes), SocketFlags.None, from);
                long number = BinaryPrimitives.ReadInt64LittleEndian(packet);
                if (number >= _nextNumber && _ahead.Add(number))
                {
                    _ = Interlocked.Add(ref _received, length - HeaderBytes);
                    while (_ahead.Remove(_nextNumber))
                    {
                        _nextNumber++;
                    }
                }
            }
        }
    }

    /// <summary>Sends for so long at whatever speed the window gives.</summary>
    public static void Send(IPEndPoint target, TimeSpan duration)
    {
        using Socket socket = NewSocket(IPAddress.IsLoopback(target.Address) ? IPAddress.Loopback : IPAddress.Any);
        socket.ReceiveTimeout = TickMs;
        new Sender(socket, target.Serialize()).Run(duration);
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

    /// <summary>False when the socket was closed; a timeout gives length 0.</summary>
    private static bool TryReceive(Socket socket, byte[] packet, SocketAddress from, out int length)
    {
        length = 0;
        try
        {
            length = socket.ReceiveFrom(packet, SocketFlags.None, from);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private sealed class Sender(Socket socket, SocketAddress target)
    {
        private readonly long[] _sentAt = new long[WindowPackets]; // 0 once acknowledged
        private readonly bool[] _isRepeated = new bool[WindowPackets];
        private readonly byte[] _packet = new byte[PayloadBytes + HeaderBytes];
        private long _oldest;
        private long _next;
        private long _tickedAt;
        private double _rttMs = 100;

        public void Run(TimeSpan duration)
        {
            long started = Stopwatch.GetTimestamp();
            byte[] answer = new byte[HeaderBytes];
            SocketAddress from = new(AddressFamily.InterNetwork);
            while (Stopwatch.GetElapsedTime(started) < duration)
            {
                for (; _next < _oldest + WindowPackets; _next++)
                {
                    Transmit(_next, isRepeated: false);
                }
                if (TryReceive(socket, answer, from, out int length) && length == HeaderBytes)
                {
                    OnAcknowledged(BinaryPrimitives.ReadInt64LittleEndian(answer));
                }
                if (Stopwatch.GetElapsedTime(_tickedAt).TotalMilliseconds >= TickMs)
                {
                    RepeatOverdue();
                }
            }
        }

        private void Transmit(long number, bool isRepeated)
        {
            BinaryPrimitives.WriteInt64LittleEndian(_packet, number);
            _ = socket.SendTo(_packet, SocketFlags.None, target);
            _sentAt[number % WindowPackets] = Stopwatch.GetTimestamp();
            _isRepeated[number % WindowPackets] = isRepeated;
        }

        private void OnAcknowledged(long number)
        {
            ref long sentAt = ref _sentAt[number % WindowPackets];
            if (number < _oldest || number >= _next || sentAt == 0)
            {
                return;
            }
            if (!_isRepeated[number % WindowPackets])
            {
                _rttMs += RttGain * (Stopwatch.GetElapsedTime(sentAt).TotalMilliseconds - _rttMs);
            }
            sentAt = 0;
            while (_oldest < _next && _sentAt[_oldest % WindowPackets] == 0)
            {
                _oldest++;
            }
        }

        private void RepeatOverdue()
        {
            _tickedAt = Stopwatch.GetTimestamp();
            for (long number = _oldest; number < _next; number++)
            {
                long sentAt = _sentAt[number % WindowPackets];
                if (sentAt != 0 && Stopwatch.GetElapsedTime(sentAt).TotalMilliseconds > RepeatMs + RepeatRtts * _rttMs)
                {
                    Transmit(number, isRepeated: true);
                }
            }
        }
    }
}
