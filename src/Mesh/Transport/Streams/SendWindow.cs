using System.Diagnostics;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>How much this side may send: the peer's flow control of one stream or of the whole connection.</summary>
internal sealed class SendWindow(ulong initialBytes)
{
    private ulong? _blockedAt;

    /// <summary>What the peer last allowed: bytes since the beginning.</summary>
    public ulong Limit { get; private set; } = initialBytes;

    public ulong Used { get; private set; }

    public ulong Available => Limit - Used;

    public void Use(ulong bytes)
    {
        Used += bytes;
        Debug.Assert(Used <= Limit, "Nothing is sent beyond what the peer allows.");
    }

    /// <summary>True when the limit grew; a limit that is not greater is old news.</summary>
    public bool TryRaise(ulong limit)
    {
        if (limit <= Limit)
        {
            return false;
        }
        Limit = limit;
        return true;
    }

    /// <summary>True once for each limit that stops the sender: then the peer is told.</summary>
    public bool TryReportBlocked()
    {
        if (Available > 0 || _blockedAt == Limit)
        {
            return false;
        }
        _blockedAt = Limit;
        return true;
    }

    /// <summary>The report was lost: make it again if it still holds.</summary>
    public void ForgetReport(ulong limit)
    {
        if (limit == Limit)
        {
            _blockedAt = null;
        }
    }
}
