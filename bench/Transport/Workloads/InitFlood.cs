using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Bench.Transport.Workloads;

/// <summary>Somebody who knows a peer's key and sends it Inits from many addresses, none of which is meant to lead anywhere.</summary>
/// <remarks>The mac1 is right and the rest is noise: the worst that can be made without computing a handshake for each.</remarks>
internal sealed class InitFlood : IDisposable
{
    private const int Sources = 64;
    private const int Inits = 4096;
    private const int MessageBytes = 400;
    private const int BurstMs = 1;

    private readonly Socket[] _sockets = new Socket[Sources];
    private readonly byte[][] _inits = new byte[Inits][];

    public InitFlood(IPAddress source, PublicKey target)
    {
        HandshakeMac mac = new(target);
        byte[] buffer = new byte[WireLimits.DatagramBytesMax];
        for (int i = 0; i < Inits; i++)
        {
            InitPacket init = new(ConnectionIdOf(i), new byte[RetryCookie.Size], RandomNumberGenerator.GetBytes(MessageBytes));
            _inits[i] = buffer[..init.Write(buffer, mac)];
        }
        for (int i = 0; i < Sources; i++)
        {
            _sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            _sockets[i].Bind(new IPEndPoint(source, 0));
        }
    }

    /// <summary>Sends evenly at this rate, in bursts of a millisecond; returns how many a second it came to.</summary>
    public double Run(IPEndPoint target, int perSecond, TimeSpan duration)
    {
        SocketAddress to = target.Serialize();
        long started = Stopwatch.GetTimestamp();
        long sent = 0;
        while (Stopwatch.GetElapsedTime(started) is var elapsed && elapsed < duration)
        {
            for (; sent < elapsed.TotalSeconds * perSecond; sent++)
            {
                _ = _sockets[sent % Sources].SendTo(_inits[sent % Inits], SocketFlags.None, to);
            }
            Thread.Sleep(BurstMs);
        }
        return sent / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private static ConnectionId ConnectionIdOf(int number)
    {
        byte[] bytes = new byte[ConnectionId.Size];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        WireReader reader = new(bytes);
        return ConnectionId.TryRead(ref reader, out ConnectionId id) ? id : throw new UnreachableException();
    }
}
