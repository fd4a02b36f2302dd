using System;
using System.Buffers.Binary;

namespace Darkbloom.Node.Models;

/// <summary>The numbers by which GGUF names metadata types and tensor types.</summary>
internal static class GgufTypes
{
    public const uint Text = 8;
    public const uint Array = 9;

    /// <summary>Bytes of a scalar of this type; zero for texts, arrays and unknown types.</summary>
    public static int ScalarBytes(uint type) => type switch
    {
        0 or 1 or 7 => 1,
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        10 or 11 or 12 => 8,
        _ => 0,
    };

    /// <summary>Unsigned numbers become ulong, signed ones long, floating ones double.</summary>
    public static object Scalar(uint type, ReadOnlySpan<byte> bytes) => type switch
    {
        0 => (ulong)bytes[0],
        1 => (long)(sbyte)bytes[0],
        2 => (ulong)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        3 => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
        4 => (ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        5 => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
        6 => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
        7 => bytes[0] != 0,
        10 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        11 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        12 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Bytes of a tensor, zero when its type is newer than this table; false when it has half a block.</summary>
    public static bool TrySize(uint type, ulong elements, out ulong bytes)
    {
        (ulong blockElements, ulong blockBytes) = Block(type);
        bytes = elements / blockElements * blockBytes;
        return elements % blockElements == 0;
    }

    private static (ulong Elements, ulong Bytes) Block(uint type) => type switch
    {
        0 or 26 => (1, 4),              // F32, I32
        1 or 25 or 30 => (1, 2),        // F16, I16, BF16
        24 => (1, 1),                   // I8
        27 or 28 => (1, 8),             // I64, F64
        2 or 20 => (32, 18),            // Q4_0, IQ4_NL
        3 => (32, 20),                  // Q4_1
        6 => (32, 22),                  // Q5_0
        7 => (32, 24),                  // Q5_1
        8 => (32, 34),                  // Q8_0
        9 => (32, 36),                  // Q8_1
        10 => (256, 84),                // Q2_K
        11 or 21 => (256, 110),         // Q3_K, IQ3_S
        12 => (256, 144),               // Q4_K
        13 => (256, 176),               // Q5_K
        14 => (256, 210),               // Q6_K
        15 => (256, 292),               // Q8_K
        16 or 35 => (256, 66),          // IQ2_XXS, TQ2_0
        17 => (256, 74),                // IQ2_XS
        18 => (256, 98),                // IQ3_XXS
        19 => (256, 50),                // IQ1_S
        22 => (256, 82),                // IQ2_S
        23 => (256, 136),               // IQ4_XS
        29 => (256, 56),                // IQ1_M
        34 => (256, 54),                // TQ1_0
        39 => (32, 17),                 // MXFP4
        _ => (1, 0),
    };
}
