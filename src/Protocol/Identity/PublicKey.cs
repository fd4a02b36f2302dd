using System;

namespace Darkbloom.Protocol.Identity;

/// <summary>A peer's static P-256 public key: 64 bytes, X then Y, big-endian (docs/protocol.md, section 2).</summary>
/// <remarks>A value of this type is well formed, not yet known to lie on the curve: importing it proves that.</remarks>
public readonly record struct PublicKey(UInt256 X, UInt256 Y)
{
    public const int Size = 64;

    /// <summary>Reads a key from exactly <see cref="Size"/> bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out PublicKey key)
    {
        key = source.Length == Size
            ? new PublicKey(UInt256.Read(source), UInt256.Read(source[UInt256.Size..]))
            : default;
        return source.Length == Size;
    }

    /// <summary>Writes <see cref="Size"/> bytes to <paramref name="target"/>.</summary>
    public void Write(Span<byte> target)
    {
        X.Write(target);
        Y.Write(target[UInt256.Size..]);
    }

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    public override string ToString() => Convert.ToHexStringLower(ToBytes());

    /// <summary>Parses 128 hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[Size];
        key = default;
        return text.Length == Size * 2
            && Convert.FromHexString(text, bytes, out _, out int written) == System.Buffers.OperationStatus.Done
            && TryRead(bytes[..written], out key);
    }
}
