using System.Runtime.InteropServices;

namespace Darkbloom.Mesh.Hosting.Linux;

/// <summary><c>struct mmsghdr</c>: a message and how many bytes it brought.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ReceivedMessage
{
    public SocketMessage Header;
    public uint Length;
}
