using System;
using System.Diagnostics;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>How much the peer may send: flow control of one stream or of the whole connection, RFC 9000 section 4.</summary>
/// <remarks>
/// The window starts small and doubles, up to a cap, whenever the reader consumes half of it within two round trips:
/// then the window, and not the reader, is what holds the sender back. The peer hears of each eighth that is consumed,
/// so that at any time at least seven eighths of a window are open to it.
/// </remarks>
internal sealed class ReceiveWindow
{
    private const int FastRoundTrips = 2;
    private const ulong UpdatesPerWindow = 8;

    private readonly ulong _windowMax;
    private Instant? _halfStartedAt;
    private ulong _halfStart;

    public ReceiveWindow(ulong initialBytes, ulong maxBytes)
    {
        WindowBytes = initialBytes;
        Limit = initialBytes;
        _windowMax = Math.Max(initialBytes, maxBytes);
    }

    /// <summary>What the peer was last told: bytes since the beginning.</summary>
    public ulong Limit { get; private set; }

    /// <summary>Bytes that the application has taken, or never will.</summary>
    public ulong Consumed { get; private set; }

    /// <summary>How far the limit is moved ahead of what was consumed.</summary>
    public ulong WindowBytes { get; private set; }

    /// <summary>An eighth of the window is used: tell the peer a new limit.</summary>
    public bool IsUpdateDue => Limit - Consumed <= WindowBytes - (WindowBytes / UpdatesPerWindow);

    public void Consume(ulong bytes)
    {
        Consumed += bytes;
        Debug.Assert(Consumed <= Limit, "Nobody consumes what may not have been sent.");
    }

    /// <summary>Moves the limit and returns it.</summary>
    public ulong Update(Instant now, TimeSpan smoothedRtt)
    {
        if (_halfStartedAt is not { } startedAt)
        {
            (_halfStartedAt, _halfStart) = (now, Consumed);
        }
        else if (Consumed - _halfStart >= WindowBytes / 2)
        {
            if (now - startedAt < smoothedRtt * FastRoundTrips)
            {
                WindowBytes = Math.Min(WindowBytes * 2, _windowMax);
            }
            (_halfStartedAt, _halfStart) = (now, Consumed);
        }
        Limit = Math.Max(Limit, Consumed + WindowBytes);
        return Limit;
    }
}
