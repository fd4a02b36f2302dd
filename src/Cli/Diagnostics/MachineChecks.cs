using System;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;

namespace Darkbloom.Cli.Diagnostics;

/// <summary>Checks of the machine itself: runtime, memory, disk, UDP and the modes of key files.</summary>
internal sealed class MachineChecks(string stateRoot)
{
    private const int RuntimeMajor = 10;
    private const long MemoryBytesMin = 512L << 20;
    private const long DiskBytesMin = 256L << 20;
    private const int DatagramBytes = 1200;

    public ImmutableArray<Check> All =>
    [
        new("runtime", "Install the .NET 10 SDK: https://dotnet.microsoft.com/download.", Synchronously(Runtime)),
        new("memory", "Close other programs.", Synchronously(Memory)),
        new("disk", "Free some space.", Synchronously(Disk)),
        new("udp", "Allow UDP on the loopback interface: a firewall or a sandbox forbids it.", UdpAsync),
        new("key files", "Check who owns the directory.", Synchronously(KeyFiles)),
    ];

    private static Finding Runtime()
    {
        string system = $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.RuntimeIdentifier}";
        return Environment.Version.Major >= RuntimeMajor
            ? Finding.Good(system)
            : Finding.Bad(system, "Install the .NET 10 SDK: https://dotnet.microsoft.com/download.");
    }

    private static Finding Memory()
    {
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        string detail = $"{Mebibytes(available)} MiB for this process";
        return available >= MemoryBytesMin
            ? Finding.Good(detail)
            : Finding.Doubtful(detail, $"A node with the built-in model wants {Mebibytes(MemoryBytesMin)} MiB; a larger model, its file's size on top.");
    }

    private Finding Disk()
    {
        string existing = stateRoot;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { Length: > 0 } parent)
        {
            existing = parent;
        }

        long free = new DriveInfo(existing).AvailableFreeSpace;
        string detail = $"{Mebibytes(free)} MiB free under {stateRoot}";
        return free >= DiskBytesMin
            ? Finding.Good(detail)
            : Finding.Doubtful(detail, $"The rendezvous' journal and models want at least {Mebibytes(DiskBytesMin)} MiB.");
    }

    private static async Task<Finding> UdpAsync(CancellationToken cancellationToken)
    {
        using Socket receiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        receiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        byte[] sent = new byte[DatagramBytes];
        Random.Shared.NextBytes(sent);
        await sender.SendToAsync(sent, SocketFlags.None, receiver.LocalEndPoint!, cancellationToken);
        byte[] received = new byte[DatagramBytes + 1];
        int length = await receiver.ReceiveAsync(received, SocketFlags.None, cancellationToken);
        return received.AsSpan(0, length).SequenceEqual(sent)
            ? Finding.Good($"a datagram of {DatagramBytes} bytes passes on 127.0.0.1")
            : Finding.Bad("a datagram came back changed", "Look for a program that alters loopback traffic.");
    }

    private Finding KeyFiles()
    {
        if (OperatingSystem.IsWindows() || !Directory.Exists(stateRoot))
        {
            return Finding.Skipped($"no keys under {stateRoot} yet");
        }

        ImmutableArray<string> keys = [.. Directory.EnumerateFiles(stateRoot, IdentityStore.FileName, SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
#pragma warning disable CA1416 // Windows has returned above.
        ImmutableArray<string> open = [.. keys.Where(path => (File.GetUnixFileMode(path) & others) != 0)];
#pragma warning restore CA1416
        if (!open.IsEmpty)
        {
            return Finding.Bad($"other users can read {string.Join(", ", open)}", $"Run `chmod 600 {string.Join(' ', open)}`.");
        }

        return keys.IsEmpty ? Finding.Skipped($"no keys under {stateRoot} yet") : Finding.Good($"{keys.Length} key files, private to their owner");
    }

    private static long Mebibytes(long bytes) => bytes >> 20;

    private static Func<CancellationToken, Task<Finding>> Synchronously(Func<Finding> check) => _ => Task.FromResult(check());
}
