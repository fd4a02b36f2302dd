using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Darkbloom.Mesh.Hosting.Linux;

/// <summary>recvmmsg(2).</summary>
internal static unsafe partial class ReceiveMessagesCall
{
    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int recvmmsg(SafeSocketHandle socket, ReceivedMessage* messages, uint count, int flags, void* timeout);
}
