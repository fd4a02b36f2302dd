using System;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Hosting;

/// <summary>What a peer needs to know of its rendezvous: "&lt;128 hex digits of its key&gt;@host:port".</summary>
/// <param name="Key">Pins the rendezvous: whoever else answers at the address fails the handshake.</param>
/// <param name="Host">A name or an IP address, without brackets.</param>
public sealed record RendezvousAddress(PublicKey Key, string Host, int Port)
{
    /// <summary>The most that a host name may have, by RFC 1035.</summary>
    public const int HostCharactersMax = 253;

    public static bool TryParse(string text, out RendezvousAddress? address)
    {
        address = null;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        int at = rest.IndexOf('@');
        if (at < 0 || !PublicKey.TryParse(rest[..at], out PublicKey key))
        {
            return false;
        }
        rest = rest[(at + 1)..];
        int colon = rest.LastIndexOf(':');
        if (colon < 0
            || !ushort.TryParse(rest[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            || port == 0
            || !TryParseHost(rest[..colon], out string host))
        {
            return false;
        }
        address = new RendezvousAddress(key, host, port);
        return true;
    }

    /// <summary>The text that <see cref="TryParse"/> reads.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal)
        ? $"{Key}@[{Host}]:{Port}"
        : $"{Key}@{Host}:{Port}";

    private static bool TryParseHost(ReadOnlySpan<char> text, out string host)
    {
        bool bracketed = text.Length > 2 && text[0] == '[' && text[^1] == ']';
        host = (bracketed ? text[1..^1] : text).ToString();
        return bracketed
            ? IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6
            : host.Length <= HostCharactersMax && Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
    }
}
