using System.Numerics;

namespace Darkbloom.Protocol.Wire;

/// <summary>Variable-length integers of RFC 9000 section 16: 62 bits, the first two bits say how many bytes follow.</summary>
/// <remarks>Readers accept any encoding of a value; writers always use the shortest.</remarks>
public static class VarInt
{
    public const ulong MaxValue = (1UL << 62) - 1;
    public const int BytesMax = 8;

    /// <summary>Bytes of the shortest encoding: 1, 2, 4 or 8.</summary>
    public static int Length(ulong value)
    {
        int bits = 64 - BitOperations.LeadingZeroCount(value);
        return bits <= 6 ? 1 : bits <= 14 ? 2 : bits <= 30 ? 4 : 8;
    }
}
