using System;
using System.Net;
using Microsoft.Win32.SafeHandles;

namespace Darkbloom.LinkEmulator;

/// <summary>One end of a link: a network namespace, and in it a TUN device with an address.</summary>
public sealed unsafe class LinkEnd : IDisposable
{
    public const string InterfaceName = "link0";
    public const int InterfaceMtuBytes = 1500;

    private const nuint TUNSETIFF = 0x400454CA;
    private const short IFF_TUN = 0x0001;
    private const short IFF_NO_PI = 0x1000;
    private const int FlagsAt = 16;

    /// <summary>What the emulator has not read yet: a burst of a fast sender, which the link's own queue then judges.</summary>
    private const int InterfaceQueuePackets = 10_000;

    private static readonly IPAddress _mask = new([255, 255, 255, 0]);

    internal LinkEnd(IPAddress address)
    {
        Namespace = new NetworkNamespace();
        Address = address;
        Device = Namespace.Invoke(OpenDevice);
        Namespace.Invoke(() =>
        {
            InterfaceSettings.SetMtu(InterfaceName, InterfaceMtuBytes);
            InterfaceSettings.SetQueueLength(InterfaceName, InterfaceQueuePackets);
            InterfaceSettings.SetAddress(InterfaceName, address, _mask);
            InterfaceSettings.Up(InterfaceName);
        });
    }

    public NetworkNamespace Namespace { get; }

    public IPAddress Address { get; private set; }

    internal SafeFileHandle Device { get; }

    /// <summary>Gives the interface another address in place of the one it has, as when a machine changes networks.</summary>
    public void ChangeAddress(IPAddress address)
    {
        Namespace.Invoke(() => InterfaceSettings.SetAddress(InterfaceName, address, _mask));
        Address = address;
    }

    public void Dispose()
    {
        Device.Dispose();
        Namespace.Dispose();
    }

    private static SafeFileHandle OpenDevice()
    {
        SafeFileHandle device = Libc.Check(Libc.open("/dev/net/tun", Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC), "open of /dev/net/tun");
        Span<byte> request = InterfaceSettings.Request(stackalloc byte[InterfaceSettings.RequestBytes], InterfaceName);
        BitConverter.TryWriteBytes(request[FlagsAt..], (short)(IFF_TUN | IFF_NO_PI));
        fixed (byte* argument = request)
        {
            _ = Libc.Check(Libc.ioctl(device, TUNSETIFF, argument), "TUNSETIFF");
        }
        return device;
    }
}
