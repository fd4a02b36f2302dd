using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Protocol.Tests;

/// <summary>Bytes from a seed, so that a failing input comes again.</summary>
internal static class RandomBytes
{
    internal static void Fill(Prng prng, Span<byte> target)
    {
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = unchecked((byte)prng.NextUInt64());
        }
    }

    internal static byte[] Next(Prng prng, int length)
    {
        byte[] bytes = new byte[length];
        Fill(prng, bytes);
        return bytes;
    }
}
