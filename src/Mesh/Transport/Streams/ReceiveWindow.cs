using System;
using System.Diagnostics;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>How much the peer may send: flow control of one stream or of the whole connection, RFC 9000 section 4.</summary>
/// <remarks>
/// The window starts small and doubles, up to a cap, whenever the reader consumes half of it within two round trips:
/// then the window, and not the reader, is what holds the sender back.
/// </remarks>
internal sealed class ReceiveWindow
{
    private const int FastRoundTrips = 2;

    private readonly ulong _windowMax;
    private Instant? _updatedAt;

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

    /// <summary>Half of the window is used: tell the peer a new limit.</summary>
    public bool IsUpdateDue => Limit - Consumed <= WindowBytes / 2;

    public void Consume(ulong bytes)
    {
        Consumed += bytes;
        Debug.Assert(Consumed <= Limit, "Nobody consumes what may not have been sent.");
    }

    /// <summary>Moves the limit and returns it.</summary>
    public ulong Update(Instant now, TimeSpan smoothedRtt)
    {
        if (_updatedAt is { } updatedAt && now - updatedAt < smoothedRtt * FastRoundTrips)
        {
            WindowBytes = Math.Min(WindowBytes * 2, _windowMax);
        }
        _updatedAt = now;
        Limit = Math.Max(Limit, Consumed + WindowBytes);
        return Limit;
    }
}
