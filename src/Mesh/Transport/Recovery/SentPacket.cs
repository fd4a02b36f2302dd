using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>The table of a sent packet's life.</summary>
/// <remarks><code>
/// Outstanding -> [ACK names it]          -> Acknowledged
/// Outstanding -> [overtaken for too long] -> Lost           its frames are sent again under another number
/// Outstanding -> [the path was left]     -> Abandoned    the same, without a word on congestion or reordering
/// Lost        -> [ACK names it]          -> Acknowledged    the loss was spurious: the path reorders
/// </code></remarks>
internal enum SentPacketState : byte
{
    Outstanding,
    Lost,
    Abandoned,
    Acknowledged,
}

/// <summary>A packet that asked for an acknowledgement. Packets that only acknowledge are not recorded at all.</summary>
internal struct SentPacket
{
    public ulong Number;
    public Instant SentAt;
    public int Bytes;

    /// <summary>A list in <see cref="SentFrameLists"/>; empty once the packet is no longer outstanding.</summary>
    public int Frames;

    public SentPacketState State;

    /// <summary>The application had nothing more to send: an acknowledgement says nothing about the path's capacity.</summary>
    public bool IsApplicationLimited;

    /// <summary>Larger than the path is known to take: its loss says nothing about congestion.</summary>
    public bool IsMtuProbe;

    /// <summary>The counters of the moment it left; DeliveryRate sets them.</summary>
    public Instant FirstSentAt;
    public Instant DeliveredAt;
    public long Delivered;
    public long LostBefore;
    public long BytesInFlight;

    /// <summary>Neighbours among the packets of the same state, as positions; -1 at the ends. SentPackets sets them.</summary>
    public long Previous;
    public long Next;
}
