using System.Numerics;

namespace Darkbloom.Protocol.Tests.Handshake;

/// <summary>RFC 7748's X25519 by its own pseudocode, slow and not in constant time: only to run others' Noise vectors.</summary>
internal static class X25519
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;
    private static readonly BigInteger A24 = 121665;

    internal static byte[] PublicKey(byte[] scalar)
    {
        byte[] basePoint = new byte[32];
        basePoint[0] = 9;
        return Agree(scalar, basePoint);
    }

    internal static byte[] Agree(byte[] scalar, byte[] point)
    {
        byte[] clamped = (byte[])scalar.Clone();
        clamped[0] &= 248;
        clamped[31] = (byte)((clamped[31] & 127) | 64);
        byte[] masked = (byte[])point.Clone();
        masked[31] &= 127;
        BigInteger k = new(clamped, isUnsigned: true);
        BigInteger x1 = new(masked, isUnsigned: true);
        (BigInteger x2, BigInteger z2, BigInteger x3, BigInteger z3) = (1, 0, x1, 1);
        for (int bit = 254; bit >= 0; bit--)
        {
            bool swap = !((k >> bit) & 1).IsZero;
            (x2, z2, x3, z3) = swap ? (x3, z3, x2, z2) : (x2, z2, x3, z3);
            BigInteger a = x2 + z2, b = x2 - z2, c = x3 + z3, d = x3 - z3;
            BigInteger aa = Mod(a * a), bb = Mod(b * b), e = aa - bb, da = Mod(d * a), cb = Mod(c * b);
            x3 = Mod((da + cb) * (da + cb));
            z3 = Mod(x1 * (da - cb) * (da - cb));
            x2 = Mod(aa * bb);
            z2 = Mod(e * (aa + (A24 * e)));
            (x2, z2, x3, z3) = swap ? (x3, z3, x2, z2) : (x2, z2, x3, z3);
        }

        byte[] result = new byte[32];
        _ = Mod(x2 * BigInteger.ModPow(Mod(z2), P - 2, P)).TryWriteBytes(result, out _, isUnsigned: true);
        return result;
    }

    private static BigInteger Mod(BigInteger value) => ((value % P) + P) % P;
}
