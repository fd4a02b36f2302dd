using System;

namespace Darkbloom.Mesh.Hosting.Linux;

/// <summary>Whether the structs here are those of this system: 64-bit, little-endian Linux, whichever C library it has.</summary>
internal static unsafe class SocketLayout
{
    public static bool IsKnown =>
        OperatingSystem.IsLinux()
        && BitConverter.IsLittleEndian
        && sizeof(nint) == 8
        && sizeof(SocketVector) == 16
        && sizeof(SocketMessage) == 56
        && sizeof(ReceivedMessage) == 64
        && sizeof(ControlMessage) == 24;
}
