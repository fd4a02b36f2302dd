using System;

namespace Darkbloom.Mesh.Transport;

/// <summary>Counts since the connection began, and its present view of the path.</summary>
public readonly record struct ConnectionStatistics(
    TimeSpan SmoothedRtt,
    TimeSpan MinimumRtt,
    long WindowBytes,
    long BytesInFlight,
    long PacketsSent,
    long PacketsReceived,
    long PacketsLost,
    long PacketsLostSpuriously,
    long PacketsDuplicate,
    long PacketsForged,
    long KeyPhases,
    int DatagramBytes,
    long DatagramsUnsent,
    long DatagramsUnread);
