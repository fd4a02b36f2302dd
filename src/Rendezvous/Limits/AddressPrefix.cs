using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Rendezvous.Limits;

/// <summary>The network that an address belongs to, as far as one owner can be assumed: /24 of IPv4, /48 of IPv6.</summary>
public readonly record struct AddressPrefix(UInt128 Value)
{
    private const int HostBitsIPv4 = 8;
    private const int HostBitsIPv6 = 80;

    public static AddressPrefix Of(PathAddress address)
    {
        int bits = address.IsIPv4 ? HostBitsIPv4 : HostBitsIPv6;
        return new AddressPrefix(address.Address >> bits << bits);
    }
}
