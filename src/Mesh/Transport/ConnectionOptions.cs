using System;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;

namespace Darkbloom.Mesh.Transport;

/// <summary>Which congestion controller a connection uses.</summary>
public enum CongestionControl
{
    /// <summary>By a model of the path: losses up to 2 % cost nothing.</summary>
    Bbr,

    /// <summary>By losses: what most TCP senders do.</summary>
    Cubic,
}

/// <summary>The limits and timers of one connection; docs/protocol.md, section 10.4 has the table.</summary>
public sealed record ConnectionOptions
{
    public CongestionControl CongestionControl { get; init; } = CongestionControl.Bbr;

    /// <summary>The largest datagram that is tried; what the path and the peer take may be less.</summary>
    public int DatagramBytesMax { get; init; } = WireLimits.DatagramBytesMax;

    /// <summary>Bidirectional streams that the peer may have open at once.</summary>
    public int StreamsMax { get; init; } = 256;

    /// <summary>The same of unidirectional streams: none, unless the application expects them.</summary>
    public int UnidirectionalStreamsMax { get; init; }

    /// <summary>The largest DATAGRAM frame that the peer may send, header included: none, unless the application expects them.</summary>
    public int DatagramFrameBytesMax { get; init; }

    /// <summary>Datagrams that wait to be sent, and as many to be read; the oldest is dropped for a further one.</summary>
    public int DatagramsQueuedMax { get; init; } = 64;

    /// <summary>A stream's receive window at its start, and as far as it grows for a fast reader.</summary>
    public int StreamWindowBytes { get; init; } = 256 * 1024;

    public int StreamWindowBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>The receive window of all streams together: what a peer can make this side hold.</summary>
    public int ConnectionWindowBytes { get; init; } = 1024 * 1024;

    public int ConnectionWindowBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes written and not acknowledged, of one stream and of all together. Beyond them a write takes less.</summary>
    public int StreamSendBufferBytesMax { get; init; } = 8 * 1024 * 1024;

    public int SendBufferBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Without any packet from the peer for this long the session is over; the smaller of both sides' holds.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Silence after which a PING goes out while streams are open: a dead peer is noticed early.</summary>
    public TimeSpan KeepAliveActive { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The same while requests are open: whoever waits for a token learns soon that none will come.</summary>
    public TimeSpan KeepAliveBusy { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The same without streams: as rare as a NAT's mapping allows.</summary>
    public TimeSpan KeepAliveIdle { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Silence that ends a session with open streams: requests that a dead peer holds are soon tried elsewhere.</summary>
    /// <remarks>It counts only once the peer had the time between two PINGs to answer one.</remarks>
    public TimeSpan SilenceActive { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What a peer may take to answer while requests are open until it is suspected; at least three probe timeouts.</summary>
    /// <remarks>A suspicion ends nothing: the session may go on, and others may do its work meanwhile.</remarks>
    public TimeSpan SuspicionBusy { get; init; } = TimeSpan.FromMilliseconds(600);

    /// <summary>What a session may take to answer once its peer came again with a new one; see <c>Connection.Doubt</c>.</summary>
    public TimeSpan SilenceDoubted { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxAckDelay { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Believed until the first sample. The handshake's own round trip is a better value than this default.</summary>
    public TimeSpan InitialRtt { get; init; } = TimeSpan.FromMilliseconds(333);

    /// <summary>Packets sealed and time passed until the next key phase begins, whichever comes first.</summary>
    public int KeyPhasePackets { get; init; } = PacketProtector.PhasePacketsMax;

    public TimeSpan KeyPhaseDuration { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>What the handshake tells the peer of these options.</summary>
    public TransportParameters ToTransportParameters() => new()
    {
        InitialDataBytesMax = (ulong)ConnectionWindowBytes,
        InitialStreamDataBytesMax = (ulong)StreamWindowBytes,
        InitialStreamsMax = (ulong)StreamsMax,
        InitialUnidirectionalStreamsMax = (ulong)UnidirectionalStreamsMax,
        AckDelayMs = (ulong)MaxAckDelay.TotalMilliseconds,
        IdleTimeoutMs = (ulong)IdleTimeout.TotalMilliseconds,
        DatagramFrameBytesMax = (ulong)DatagramFrameBytesMax,
        DatagramBytesMax = WireLimits.DatagramBytesMax,
    };
}
