using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>A stream's number on one connection, 62 bits as in RFC 9000 section 2.1.</summary>
/// <remarks>
/// <code>
/// bit 0: 0 = opened by the initiator, 1 = opened by the responder
/// bit 1: 0 = bidirectional,           1 = unidirectional: only the opener sends
/// rest:  how many streams of this kind were opened before
/// </code>
/// </remarks>
public readonly record struct StreamId(ulong Value)
{
    /// <summary>One more than the highest index that fits 62 bits beside the two type bits.</summary>
    public const ulong IndexMax = 1UL << 60;

    public static StreamId Create(ulong index, bool isBidirectional, bool openedByInitiator) =>
        new((index << 2) | (isBidirectional ? 0UL : 2UL) | (openedByInitiator ? 0UL : 1UL));

    public bool IsOpenedByInitiator => (Value & 1) == 0;

    public bool IsBidirectional => (Value & 2) == 0;

    public ulong Index => Value >> 2;

    public int Length => VarInt.Length(Value);

    internal static bool TryRead(ref WireReader reader, out StreamId id)
    {
        bool read = reader.TryReadVarInt(out ulong value);
        id = new StreamId(value);
        return read;
    }
}
