using System;
using System.Globalization;
using System.Security.Cryptography;

namespace Darkbloom.Protocol.Identity;

/// <summary>
/// A peer's name: SHA-256 of its static public key under a domain label; peers sort alike everywhere by it.
/// </summary>
public readonly record struct PeerId(UInt256 Value) : IComparable<PeerId>
{
    public const int Size = UInt256.Size;

    /// <summary>The name of the holder of <paramref name="key"/> (docs/protocol.md, section 2).</summary>
    public static PeerId Of(PublicKey key)
    {
        ReadOnlySpan<byte> label = "darkbloom/peer-id/v1\0"u8;
        Span<byte> input = stackalloc byte[label.Length + PublicKey.Size];
        label.CopyTo(input);
        key.Write(input[label.Length..]);
        Span<byte> hash = stackalloc byte[UInt256.Size];
        SHA256.HashData(input, hash);
        return new PeerId(UInt256.Read(hash));
    }

    public static bool TryRead(ReadOnlySpan<byte> source, out PeerId id)
    {
        id = source.Length == Size ? new PeerId(UInt256.Read(source)) : default;
        return source.Length == Size;
    }

    public void Write(Span<byte> target) => Value.Write(target);

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    /// <summary>The first 8 hexadecimal digits: enough for people and logs, never for decisions.</summary>
    public override string ToString() => Value.High.ToString("x32", CultureInfo.InvariantCulture)[..8];

    public int CompareTo(PeerId other) => Value.CompareTo(other.Value);

    public static bool operator <(PeerId left, PeerId right) => left.CompareTo(right) < 0;

    public static bool operator >(PeerId left, PeerId right) => left.CompareTo(right) > 0;

    public static bool operator <=(PeerId left, PeerId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PeerId left, PeerId right) => left.CompareTo(right) >= 0;
}
