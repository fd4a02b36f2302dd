using System.Diagnostics;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>Packets sent and not yet settled, in sending order: a ring, with the outstanding ones linked together.</summary>
/// <remarks>
/// Packets have positions that only grow. A lost packet stays in the ring for a while, so that a late
/// acknowledgement is seen as what it is. The outstanding packets are linked together, and so are the lost ones: an ACK
/// costs nothing for those acknowledged before, however many lie between.
/// Packets that only acknowledge take no place here, so no number of them delays anything.
/// </remarks>
internal sealed class SentPackets
{
    /// <summary>The most packets in the ring; sending pauses there.</summary>
    public const int PacketsMax = 65_536;

    public const long None = -1;

    private SentPacket[] _ring = new SentPacket[64];
    private PacketLinks _outstanding = new();
    private PacketLinks _lost = new();
    private long _head;
    private long _tail;

    /// <summary>Position of the outstanding packet sent first, or None.</summary>
    public long Oldest => _outstanding.Oldest;

    /// <summary>Position of the lost packet sent first that is not forgotten, or None.</summary>
    public long OldestLost => _lost.Oldest;

    public int OutstandingCount { get; private set; }

    public long BytesInFlight { get; private set; }

    public bool IsFull => _tail - _head >= PacketsMax;

    public ref SentPacket this[long position] => ref _ring[position & (_ring.Length - 1)];

    public void Add(SentPacket packet)
    {
        Debug.Assert(!IsFull, "The sender asks first.");
        Debug.Assert(_tail == _head || this[_tail - 1].Number < packet.Number, "Packets are added in order.");
        if (_tail - _head == _ring.Length)
        {
            Grow();
        }
        packet.State = SentPacketState.Outstanding;
        this[_tail] = packet;
        Link(ref _outstanding, _tail++);
        OutstandingCount++;
        BytesInFlight += packet.Bytes;
    }

    /// <summary>The first position whose packet has this number or a greater one; one past the newest when there is none.</summary>
    public long FirstAtLeast(ulong number)
    {
        long low = _head;
        long high = _tail;
        while (low < high)
        {
            long middle = low + ((high - low) >> 1);
            if (this[middle].Number >= number)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return low;
    }

    /// <summary>One more than the newest packet's number.</summary>
    public ulong NextNumber => _tail == _head ? 0 : this[_tail - 1].Number + 1;

    /// <summary>Takes a packet out of flight; its record stays for late acknowledgements until it is forgotten.</summary>
    public void Settle(long position, SentPacketState state)
    {
        ref SentPacket packet = ref this[position];
        Debug.Assert(packet.State == SentPacketState.Outstanding, "A packet leaves flight once.");
        Unlink(ref _outstanding, packet);
        packet.State = state;
        packet.Frames = SentFrameLists.Empty;
        if (state == SentPacketState.Lost)
        {
            Link(ref _lost, position);
        }
        OutstandingCount--;
        BytesInFlight -= packet.Bytes;
        AssertInvariants();
    }

    /// <summary>Notes that a packet given up for lost has arrived.</summary>
    public void SettleLate(long position)
    {
        ref SentPacket packet = ref this[position];
        Debug.Assert(packet.State == SentPacketState.Lost, "Only a lost packet arrives late.");
        Unlink(ref _lost, packet);
        packet.State = SentPacketState.Acknowledged;
    }

    /// <summary>Forgets settled packets at the old end that were sent before this.</summary>
    public void ForgetSettled(Instant lostBefore)
    {
        while (_head < _tail)
        {
            ref SentPacket packet = ref this[_head];
            bool forget = packet.State is SentPacketState.Acknowledged or SentPacketState.Abandoned
                || (packet.State == SentPacketState.Lost && (packet.SentAt < lostBefore || IsFull));
            if (!forget)
            {
                return;
            }
            if (packet.State == SentPacketState.Lost)
            {
                Unlink(ref _lost, packet);
            }
            _head++;
        }
    }

    private void Link(ref PacketLinks links, long position)
    {
        ref SentPacket packet = ref this[position];
        packet.Previous = links.Newest;
        packet.Next = None;
        if (links.Newest == None)
        {
            links.Oldest = position;
        }
        else
        {
            this[links.Newest].Next = position;
        }
        links.Newest = position;
    }

    private void Unlink(ref PacketLinks links, in SentPacket packet)
    {
        if (packet.Previous == None)
        {
            links.Oldest = packet.Next;
        }
        else
        {
            this[packet.Previous].Next = packet.Next;
        }
        if (packet.Next == None)
        {
            links.Newest = packet.Previous;
        }
        else
        {
            this[packet.Next].Previous = packet.Previous;
        }
    }

    private void Grow()
    {
        SentPacket[] ring = new SentPacket[_ring.Length * 2];
        for (long position = _head; position < _tail; position++)
        {
            ring[position & (ring.Length - 1)] = this[position];
        }
        _ring = ring;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(BytesInFlight >= 0, "Bytes leave flight once.");
        Debug.Assert((Oldest == None) == (OutstandingCount == 0), "The links hold exactly the outstanding packets.");
        Debug.Assert((Oldest == None) == (_outstanding.Newest == None), "The links have both ends or none.");
    }
}
