namespace Darkbloom.Protocol.Frames;

/// <summary>A run of packet numbers, both ends included.</summary>
public readonly record struct PacketRange(ulong Smallest, ulong Largest);
