using System;
using System.Buffers.Binary;
using System.Globalization;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Packets;

/// <summary>
/// 8 bytes by which a receiver finds the session of a packet; drawn by that receiver, meaningless to others.
/// </summary>
public readonly record struct ConnectionId(ulong Value)
{
    public const int Size = sizeof(ulong);

    public static bool TryRead(ref WireReader reader, out ConnectionId id)
    {
        bool read = reader.TryReadUInt64(out ulong value);
        id = new ConnectionId(value);
        return read;
    }

    public void Write(ref WireWriter writer) => writer.WriteUInt64(Value);

    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);

    internal void Write(Span<byte> target) => BinaryPrimitives.WriteUInt64BigEndian(target, Value);
}
