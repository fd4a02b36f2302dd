using System.Runtime.InteropServices;

namespace Darkbloom.Mesh.Hosting.Linux;

/// <summary><c>struct cmsghdr</c> with the one number that UDP's segmentation carries, padded as <c>CMSG_SPACE</c> pads it.</summary>
/// <remarks>A sender's segment size has 16 bits, a receiver's 32; on a little-endian machine the same field holds both.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct ControlMessage
{
    public const int LevelUdp = 17;
    public const int TypeSegment = 103;
    public const int TypeGro = 104;

    private const int HeaderBytes = 16;

    /// <summary><c>CMSG_LEN</c> of a segment size: the header and its 16 bits.</summary>
    public const int SegmentLength = HeaderBytes + sizeof(ushort);

    public nuint Length;
    public int Level;
    public int Type;
    public int Value;
    private readonly int _padding;
}
