using System;
using System.Buffers.Binary;
using System.Net;

namespace Darkbloom.Protocol.Primitives;

/// <summary>One end of a UDP path as a value: an IPv6 address (IPv4 as ::ffff:a.b.c.d) and a port.</summary>
public readonly record struct PathAddress(UInt128 Address, ushort Port)
{
    private const ulong MappedPrefix = 0xFFFF_0000_0000;

    public bool IsIPv4 => (ulong)(Address >> 64) == 0 && ((ulong)Address & 0xFFFF_FFFF_0000_0000) == MappedPrefix;

    /// <summary>An address that isn't routed on the Internet: private, of one link, or of this machine (RFC 1918, 3927, 4193, 4291).</summary>
    public bool IsPrivate
    {
        get
        {
            if (!IsIPv4)
            {
                int first = (int)(Address >> 112);
                return (first & 0xFE00) == 0xFC00 || (first & 0xFFC0) == 0xFE80 || Address == 1;
            }
            uint v4 = (uint)(Address & uint.MaxValue);
            return v4 >> 24 is 10 or 127 || v4 >> 20 == 0xAC1 || v4 >> 16 is 0xC0A8 or 0xA9FE;
        }
    }

    public static PathAddress From(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        Span<byte> bytes = stackalloc byte[16];
        _ = endPoint.Address.MapToIPv6().TryWriteBytes(bytes, out _);
        return new PathAddress(BinaryPrimitives.ReadUInt128BigEndian(bytes), checked((ushort)endPoint.Port));
    }

    public IPEndPoint ToEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Address);
        IPAddress address = new(bytes);
        return new IPEndPoint(IsIPv4 ? address.MapToIPv4() : address, Port);
    }

    public override string ToString() => ToEndPoint().ToString();
}
