namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>The ends of a list of packets of one state; the links themselves are in the packets.</summary>
internal struct PacketLinks()
{
    public long Oldest = SentPackets.None;
    public long Newest = SentPackets.None;
}
