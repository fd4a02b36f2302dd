using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Turns path addresses into the system's socket addresses and back without allocating per packet.</summary>
internal sealed class SocketAddresses
{
    /// <summary>Beyond this many destinations the cache starts over: a flood of new ones costs time, never memory.</summary>
    internal const int CachedMax = 8192;

    private const int PortOffset = 2;
    private const int IPv4Offset = 4;
    private const int IPv4Bytes = 4;
    private const int IPv6Offset = 8;
    private const int IPv6Bytes = 16;
    private const ulong MappedPrefix = 0xFFFF_0000_0000;

    private readonly Dictionary<PathAddress, SocketAddress> _cache = [];

    internal int CachedCount => _cache.Count;

    /// <summary>The address in the family that it belongs to.</summary>
    public SocketAddress ToSocket(PathAddress address)
    {
        if (_cache.TryGetValue(address, out SocketAddress? known))
        {
            return known;
        }
        if (_cache.Count >= CachedMax)
        {
            _cache.Clear();
        }
        SocketAddress made = address.ToEndPoint().Serialize();
        _cache.Add(address, made);
        return made;
    }

    /// <summary>Reads the layout that Linux, macOS and Windows share: port and address sit at the same offsets in each.</summary>
    public static PathAddress FromSocket(ReadOnlySpan<byte> source, AddressFamily family)
    {
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(source[PortOffset..]);
        UInt128 address = family == AddressFamily.InterNetwork
            ? new UInt128(0, MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(source.Slice(IPv4Offset, IPv4Bytes)))
            : BinaryPrimitives.ReadUInt128BigEndian(source.Slice(IPv6Offset, IPv6Bytes));
        return new PathAddress(address, port);
    }
}
