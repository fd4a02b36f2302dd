using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Tests.Transport.Congestion;

/// <summary>One direction of a link: a queue that drops at its end, a rate, a delay with jitter, and loss.</summary>
internal sealed class LinkDirection(BottleneckLink link, Prng prng)
{
    /// <summary>Tests change the path in passing.</summary>
    public BottleneckLink Link { get; set; } = link;

    private Instant _freeAt;

    public long DatagramsDropped { get; private set; }

    /// <summary>When the datagram arrives; null when it doesn't.</summary>
    public Instant? Carry(Instant now, int bytes)
    {
        Instant departs = _freeAt > now ? _freeAt : now;
        bool isFull = (departs - now).TotalSeconds * Link.BytesPerSecond > Link.QueueBytes;
        if (isFull || prng.Chance(Link.Lost, 1000))
        {
            DatagramsDropped++;
            return null;
        }
        _freeAt = departs + TimeSpan.FromSeconds((bytes + BottleneckLink.HeaderBytes) / Link.BytesPerSecond);
        long jitter = Link.Jitter > TimeSpan.Zero ? prng.Next((int)Link.Jitter.Ticks + 1) : 0;
        return _freeAt + (Link.RoundTrip / 2) + TimeSpan.FromTicks(jitter);
    }
}
