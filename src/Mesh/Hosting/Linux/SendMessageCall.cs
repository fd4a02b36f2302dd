using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Darkbloom.Mesh.Hosting.Linux;

/// <summary>sendmsg(2).</summary>
internal static unsafe partial class SendMessageCall
{
    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nint sendmsg(SafeSocketHandle socket, SocketMessage* message, int flags);
}
