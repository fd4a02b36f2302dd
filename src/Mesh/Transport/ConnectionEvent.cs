using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport;

/// <summary>What a connection tells the application. Stream events name the stream; only Closed has a reason.</summary>
public enum ConnectionEventKind
{
    /// <summary>The peer opened this stream.</summary>
    StreamOpened,

    /// <summary>Bytes or the end can be read; told again only after a read came back empty.</summary>
    StreamReadable,

    /// <summary>A write that took less than offered would now take more.</summary>
    StreamWritable,

    /// <summary>The peer has acknowledged every byte and the end.</summary>
    StreamFinished,

    /// <summary>The peer gave up sending; Code is its reason. Nothing more can be read.</summary>
    StreamReset,

    /// <summary>The peer no longer reads; Code is its reason. This side's sending was reset with it.</summary>
    StreamStopped,

    /// <summary>An open that was refused would now succeed: it would open Stream, whose kind is that of the refused one.</summary>
    StreamsAvailable,

    /// <summary>A datagram can be taken; told again only after none was left.</summary>
    DatagramReceived,

    /// <summary>The peer is now reached at Address.</summary>
    PathChanged,

    /// <summary>The peer says that this side's packets come from Address.</summary>
    AddressObserved,

    /// <summary>Requests wait for the peer, and it answers nothing: it may be gone. Told once in a silence.</summary>
    Suspected,

    /// <summary>The last event.</summary>
    Closed,
}

/// <summary>One thing that happened; fields that its kind has no use for are default.</summary>
public readonly record struct ConnectionEvent(
    ConnectionEventKind Kind,
    StreamId Stream = default,
    ulong Code = 0,
    PathAddress Address = default,
    CloseReason? Reason = null);
