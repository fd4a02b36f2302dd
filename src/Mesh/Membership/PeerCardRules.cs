using System;
using System.Linq;
using System.Text;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Google.Protobuf.Collections;

namespace Darkbloom.Mesh.Membership;

/// <summary>What a card may say (docs/protocol.md, section 8.10); the rendezvous checks it, and so does every reader.</summary>
public static class PeerCardRules
{
    public const int CardBytesMax = 8 * 1024;
    public const int ModelsMax = 32;
    public const int EndpointsMax = 8;
    public const int StringBytesMax = 128;
    public const uint SlotsMax = 4096;
    public const uint ContextTokensMax = 1 << 24;

    private const int Sha256Bytes = 32;
    private const int IPv4Bytes = 4;
    private const int IPv6Bytes = 16;
    private const byte FirstMulticastIPv4 = 224;
    private const byte FirstMulticastIPv6 = 0xFF;

    private const PeerRoles Known = PeerRoles.Node | PeerRoles.Gateway | PeerRoles.Relay | PeerRoles.Rendezvous;

    /// <summary>The first rule that <paramref name="card"/> breaks, in words for the peer; null when it is sound.</summary>
    public static string? FindFault(PeerCard? card)
    {
        if (card is null)
        {
            return "the card is missing";
        }
        if (card.CalculateSize() > CardBytesMax)
        {
            return $"the card has more than {CardBytesMax} bytes";
        }
        if (!PublicKey.TryRead(card.PublicKey.Span, out _))
        {
            return $"public_key must have {PublicKey.Size} bytes";
        }
        if (((PeerRoles)card.Roles & ~Known) != 0)
        {
            return "roles has unknown bits";
        }
        if (card.Slots > SlotsMax)
        {
            return $"slots is above {SlotsMax}";
        }
        return FindStringFault("hardware", card.Hardware) ?? FindModelFault(card.Models) ?? FindEndpointFault(card.Endpoints);
    }

    /// <summary>Whether the endpoint names no host: the peer leaves it to the rendezvous to say where it is seen.</summary>
    public static bool IsUnspecified(Endpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ReadOnlySpan<byte> address = endpoint.Address.Span;
        if (IsMappedIPv4(address))
        {
            address = address[(IPv6Bytes - IPv4Bytes)..];
        }
        return !address.ContainsAnyExcept((byte)0);
    }

    private static string? FindModelFault(RepeatedField<ModelCard> models)
    {
        if (models.Count > ModelsMax)
        {
            return $"the card has more than {ModelsMax} models";
        }
        foreach (ModelCard model in models)
        {
            if (model.Id.Length == 0)
            {
                return "a model has no id";
            }
            if (model.Sha256.Length is not (0 or Sha256Bytes))
            {
                return $"sha256 of a model must have {Sha256Bytes} bytes";
            }
            if (model.ContextTokens > ContextTokensMax)
            {
                return $"context_tokens of a model is above {ContextTokensMax}";
            }
            if ((FindStringFault("id of a model", model.Id) ?? FindStringFault("fingerprint of a model", model.Fingerprint)) is { } fault)
            {
                return fault;
            }
        }
        return models.Select(model => model.Id).Distinct(StringComparer.Ordinal).Count() == models.Count
            ? null
            : "two models have the same id";
    }

    private static string? FindEndpointFault(RepeatedField<Endpoint> endpoints)
    {
        if (endpoints.Count > EndpointsMax)
        {
            return $"the card has more than {EndpointsMax} endpoints";
        }
        foreach (Endpoint endpoint in endpoints)
        {
            ReadOnlySpan<byte> address = endpoint.Address.Span;
            if (address.Length is not (IPv4Bytes or IPv6Bytes))
            {
                return $"the address of an endpoint must have {IPv4Bytes} or {IPv6Bytes} bytes";
            }
            // An unspecified host stands for "as you see me", and then the port may be left open too.
            if (endpoint.Port > ushort.MaxValue || (endpoint.Port == 0 && !IsUnspecified(endpoint)))
            {
                return "the port of an endpoint must lie between 1 and 65535";
            }
            if (IsMulticast(address))
            {
                return "an endpoint must name one host";
            }
        }
        return null;
    }

    private static bool IsMulticast(ReadOnlySpan<byte> address) => address.Length == IPv4Bytes
        ? address[0] >= FirstMulticastIPv4
        : IsMappedIPv4(address)
            ? address[IPv6Bytes - IPv4Bytes] >= FirstMulticastIPv4
            : address[0] == FirstMulticastIPv6;

    private static bool IsMappedIPv4(ReadOnlySpan<byte> address) =>
        address.Length == IPv6Bytes && address.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]);

    // Cards are printed on terminals and in logs of others, where a control character is a weapon.
    private static string? FindStringFault(string name, string value) =>
        Encoding.UTF8.GetByteCount(value) > StringBytesMax ? $"{name} has more than {StringBytesMax} bytes"
        : value.Any(char.IsControl) ? $"{name} has a control character"
        : null;
}
