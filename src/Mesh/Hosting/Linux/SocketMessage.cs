using System.Runtime.InteropServices;

namespace Darkbloom.Mesh.Hosting.Linux;

/// <summary><c>struct msghdr</c>: an address, pieces of memory, and control messages.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SocketMessage
{
    public byte* Name;
    public uint NameLength;
    public SocketVector* Vectors;
    public nuint VectorCount;
    public byte* Control;
    public nuint ControlLength;
    public int Flags;
}
