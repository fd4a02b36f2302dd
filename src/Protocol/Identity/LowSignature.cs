using System;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Identity;

/// <summary>
/// ECDSA with SHA-256 over P-256 as this protocol uses it: r || s, 64 bytes, with s in the lower half of its range.
/// </summary>
/// <remarks>
/// (r, s) and (r, n - s) verify alike. Accepting one of the two leaves a signature no second form, so what is signed
/// can't change its bytes and stay valid. The label says what the signature is for, so that it serves nothing else.
/// </remarks>
internal static class LowSignature
{
    internal const int Size = 64;

    private static readonly UInt256 Order = new(
        new UInt128(0xFFFFFFFF00000000, 0xFFFFFFFFFFFFFFFF), new UInt128(0xBCE6FAADA7179E84, 0xF3B9CAC2FC632551));

    private static readonly UInt256 HalfOrder = new(
        new UInt128(0x7FFFFFFF80000000, 0x7FFFFFFFFFFFFFFF), new UInt128(0xDE737D56D38BCF42, 0x79DCE5617E3192A8));

    internal static byte[] Sign(ECDsa key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> body)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Hash(label, body, hash);
        byte[] signature = key.SignHash(hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        LowerS(signature);
        return signature;
    }

    internal static bool IsValid(ECDsa key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> body, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Size || UInt256.Read(signature[UInt256.Size..]) > HalfOrder)
        {
            return false;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Hash(label, body, hash);
        return key.VerifyHash(hash, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    /// <summary>Replaces an s in the upper half by n - s.</summary>
    internal static void LowerS(Span<byte> signature)
    {
        UInt256 s = UInt256.Read(signature[UInt256.Size..]);
        if (s > HalfOrder)
        {
            unchecked
            {
                UInt128 borrow = Order.Low < s.Low ? UInt128.One : UInt128.Zero;
                new UInt256(Order.High - s.High - borrow, Order.Low - s.Low).Write(signature[UInt256.Size..]);
            }
        }
    }

    private static void Hash(ReadOnlySpan<byte> label, ReadOnlySpan<byte> body, Span<byte> hash)
    {
        using IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(label);
        sha.AppendData(body);
        sha.GetHashAndReset(hash);
    }
}
