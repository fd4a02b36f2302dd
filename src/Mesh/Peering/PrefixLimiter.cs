using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Peering;

/// <summary>Limits handshakes by network prefix: /24 in IPv4, /56 in IPv6, what one customer commonly holds.</summary>
/// <remarks>Prefixes share a fixed number of buckets, chosen by a secret: no flood grows the table or aims at a victim's.</remarks>
internal sealed class PrefixLimiter(RateLimit limit, ulong secret)
{
    internal const int Buckets = 4096;
    private const int IPv4HostBits = 8;
    private const int IPv6HostBits = 72;

    private readonly TokenBucket[] _buckets = new TokenBucket[Buckets];

    public bool TryTake(Instant now, PathAddress from) => _buckets[BucketOf(from)].TryTake(now, limit);

    private int BucketOf(PathAddress from)
    {
        UInt128 prefix = from.Address >> (from.IsIPv4 ? IPv4HostBits : IPv6HostBits);
        unchecked
        {
            ulong mixed = Mix((ulong)prefix ^ secret);
            mixed = Mix(mixed ^ (ulong)(prefix >> 64) ^ (from.IsIPv4 ? 1UL : 0UL));
            return (int)(mixed % Buckets);
        }
    }

    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}
