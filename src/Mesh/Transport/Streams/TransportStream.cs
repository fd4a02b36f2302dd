using System;
using Darkbloom.Protocol.Frames;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>Frames that a stream has to send besides its bytes.</summary>
[Flags]
internal enum PendingControl
{
    None = 0,
    Reset = 1,
    StopSending = 2,
    MaxStreamData = 4,
    Blocked = 8,
}

/// <summary>One stream: its two halves, one of which may be absent, and what StreamSet and StreamScheduler note on it.</summary>
internal sealed class TransportStream(StreamId id, StreamPriority priority, StreamSender sender, StreamReceiver receiver)
{
    public StreamId Id { get; } = id;

    /// <summary>Of a stream that the peer opened: set when its first STREAM frame tells.</summary>
    public StreamPriority Priority { get; set; } = priority;

    public StreamSender Sender { get; } = sender;

    public StreamReceiver Receiver { get; } = receiver;

    public bool IsTerminal => Sender.IsTerminal && Receiver.IsTerminal;

    /// <summary>The application knows of it. False for a peer's stream of which only a later one was heard.</summary>
    public bool IsAnnounced { get; set; }

    /// <summary>A readable event is out and the application has not read all of it.</summary>
    public bool IsReadableTold { get; set; }

    /// <summary>A write took less than offered: the application waits for a writable event.</summary>
    public bool IsWriteWanted { get; set; }

    /// <summary>StreamScheduler's: it stands in a queue.</summary>
    public bool IsScheduled { get; set; }

    /// <summary>StreamSet's: it stands in the queue of streams that the connection's window holds back.</summary>
    public bool IsHeld { get; set; }

    /// <summary>StreamSet's: it stands in the queue of streams with control frames.</summary>
    public bool IsControlQueued { get; set; }

    public PendingControl Control { get; set; }

    /// <summary>Bytes of this stream that were given back to the connection's receive window.</summary>
    public ulong ReturnedBytes { get; set; }
}
