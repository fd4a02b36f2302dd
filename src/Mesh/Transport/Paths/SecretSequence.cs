using System;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Darkbloom.Mesh.Transport.Paths;

/// <summary>Numbers that nobody without the key can foresee: HMACs of a counter, so that a seed replays them.</summary>
internal sealed class SecretSequence(ReadOnlySpan<byte> key)
{
    private readonly byte[] _key = key.ToArray();
    private ulong _counter;

    public ulong Next()
    {
        Span<byte> counter = stackalloc byte[sizeof(ulong)];
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64BigEndian(counter, _counter++);
        _ = HMACSHA256.HashData(_key, counter, mac);
        return BinaryPrimitives.ReadUInt64BigEndian(mac);
    }
}
