namespace Darkbloom.Protocol.Packets;

/// <summary>What kind of packet a datagram holds: three bits of its first byte.</summary>
public enum PacketType
{
    Data = 0,
    Init = 1,
    Response = 2,
    Retry = 3,
}
