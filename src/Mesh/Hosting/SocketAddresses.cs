using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Turns path addresses into the system's socket addresses and back without allocating per packet.</summary>
internal sealed class SocketAddresses(AddressFamily family)
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

    /// <summary>Null when a socket of this family has no way to the address.</summary>
    public SocketAddress? ToSocket(PathAddress address)
    {
        if (_cache.TryGetValue(address, out SocketAddress? known))
        {
            return known;
        }
        if (family == AddressFamily.InterNetwork && !address.IsIPv4)
        {
            return null;
        }
        if (_cache.Count >= CachedMax)
        {
            _cache.Clear();
        }
        IPEndPoint endPoint = address.ToEndPoint();
        if (family == AddressFamily.InterNetworkV6)
        {
            endPoint = new IPEndPoint(endPoint.Address.MapToIPv6(), endPoint.Port);
        }
        SocketAddress made = endPoint.Serialize();
        _cache.Add(address, made);
        return made;
    }

    /// <summary>Reads the layout that Linux, macOS and Windows share: port and address sit at the same offsets in each.</summary>
    public static PathAddress FromSocket(SocketAddress source)
    {
        ReadOnlySpan<byte> bytes = source.Buffer.Span;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[PortOffset..]);
        UInt128 address = source.Family == AddressFamily.InterNetwork
            ? new UInt128(0, MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(bytes.Slice(IPv4Offset, IPv4Bytes)))
            : BinaryPrimitives.ReadUInt128BigEndian(bytes.Slice(IPv6Offset, IPv6Bytes));
        return new PathAddress(address, port);
    }
}
