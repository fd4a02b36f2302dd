using System;
using System.Net;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Darkbloom.LinkEmulator;

/// <summary>Configures an interface of the calling thread's namespace, by the system calls that ifconfig uses.</summary>
internal static unsafe class InterfaceSettings
{
    /// <summary>struct ifreq: the name, then a union.</summary>
    public const int RequestBytes = 40;

    private const int NameBytesMax = 15;
    private const int UnionAt = 16;
    private const nuint SIOCSIFFLAGS = 0x8914;
    private const nuint SIOCSIFADDR = 0x8916;
    private const nuint SIOCSIFNETMASK = 0x891C;
    private const nuint SIOCSIFMTU = 0x8922;
    private const nuint SIOCSIFTXQLEN = 0x8943;
    private const short IFF_UP = 1;
    private const short IFF_RUNNING = 0x40;

    public static void Up(string name)
    {
        Span<byte> request = Request(stackalloc byte[RequestBytes], name);
        BitConverter.TryWriteBytes(request[UnionAt..], (short)(IFF_UP | IFF_RUNNING));
        Set(SIOCSIFFLAGS, request);
    }

    public static void SetAddress(string name, IPAddress address, IPAddress mask)
    {
        Span<byte> request = stackalloc byte[RequestBytes];
        WriteAddress(Request(request, name), address);
        Set(SIOCSIFADDR, request);
        WriteAddress(Request(request, name), mask);
        Set(SIOCSIFNETMASK, request);
    }

    public static void SetMtu(string name, int bytes) => SetNumber(SIOCSIFMTU, name, bytes);

    /// <summary>Packets that wait for the emulator to read them.</summary>
    public static void SetQueueLength(string name, int packets) => SetNumber(SIOCSIFTXQLEN, name, packets);

    /// <summary>Fills a request with zeros and the interface's name.</summary>
    public static Span<byte> Request(Span<byte> request, string name)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, NameBytesMax, nameof(name));
        request.Clear();
        _ = Encoding.ASCII.GetBytes(name, request);
        return request;
    }

    private static void SetNumber(nuint command, string name, int value)
    {
        Span<byte> request = Request(stackalloc byte[RequestBytes], name);
        BitConverter.TryWriteBytes(request[UnionAt..], value);
        Set(command, request);
    }

    /// <summary>struct sockaddr_in: family in the machine's order, port, address.</summary>
    private static void WriteAddress(Span<byte> request, IPAddress address)
    {
        BitConverter.TryWriteBytes(request[UnionAt..], (short)Libc.AF_INET);
        _ = address.TryWriteBytes(request[(UnionAt + 4)..], out _);
    }

    private static void Set(nuint command, Span<byte> request)
    {
        using SafeFileHandle socket = Libc.Check(Libc.socket(Libc.AF_INET, Libc.SOCK_DGRAM, 0), "socket");
        fixed (byte* argument = request)
        {
            _ = Libc.Check(Libc.ioctl(socket, command, argument), $"ioctl 0x{command:x}");
        }
    }
}
