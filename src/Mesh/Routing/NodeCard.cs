using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Routing;

/// <summary>What a gateway needs of a node's card, checked: whoever holds one need not look at the card again.</summary>
/// <param name="Models">Sorted by id, each id once.</param>
/// <param name="Endpoints">Where it may be reached, best first; empty when somebody must introduce it.</param>
public sealed record NodeCard(
    PeerId Node, PublicKey Key, ulong Epoch, ImmutableArray<NodeModel> Models, ImmutableArray<PathAddress> Endpoints)
{
    /// <summary>Models of one card beyond this number are not looked at.</summary>
    public const int ModelsMax = 32;

    public const int EndpointsMax = 8;

    /// <summary>Cards beyond this number are not looked at.</summary>
    public const int NodesMax = 4096;

    /// <summary>Reads a card; false when it is none of a node that could serve.</summary>
    public static bool TryRead(PeerCard? card, [NotNullWhen(true)] out NodeCard? read)
    {
        read = null;
        if (card is null
            || !PublicKey.TryRead(card.PublicKey.Span, out PublicKey key)
            || ((PeerRoles)card.Roles & PeerRoles.Node) == 0)
        {
            return false;
        }

        SortedDictionary<string, NodeModel> models = new(StringComparer.Ordinal);
        foreach (ModelCard model in card.Models)
        {
            if (models.Count < ModelsMax
                && model.Id.Length is > 0 and <= InferenceLimits.ModelCharsMax
                && model.ContextTokens is > 0 and <= InferenceLimits.ContextTokensMax
                && model.Fingerprint.Length <= InferenceLimits.FingerprintCharsMax)
            {
                models[model.Id] = new NodeModel(model.Id, model.ContextTokens, ModelCapability.Of(model), model.Fingerprint);
            }
        }

        read = new NodeCard(PeerId.Of(key), key, card.Epoch, [.. models.Values], ReadEndpoints(card));
        return models.Count > 0;
    }

    /// <summary>The nodes of a directory, sorted by id; cards that can't be true are skipped, and of two of one node the newer stands.</summary>
    public static ImmutableArray<NodeCard> ReadAll(IEnumerable<DirectoryEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        SortedDictionary<PeerId, NodeCard> cards = [];
        foreach (DirectoryEntry entry in entries)
        {
            if (cards.Count < NodesMax
                && TryRead(entry.Card, out NodeCard? card)
                && (!cards.TryGetValue(card.Node, out NodeCard? other) || other.Epoch < card.Epoch))
            {
                cards[card.Node] = card;
            }
        }

        return [.. cards.Values];
    }

    /// <summary>Reads an address that names one host and port; false for "as you see me" and for nonsense.</summary>
    public static bool TryReadEndpoint(Endpoint endpoint, out PathAddress address)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        address = default;
        if (endpoint.Address.Length is not (4 or 16)
            || endpoint.Port is 0 or > ushort.MaxValue
            || !endpoint.Address.Span.ContainsAnyExcept((byte)0))
        {
            return false;
        }

        address = PathAddress.From(new IPEndPoint(new IPAddress(endpoint.Address.Span), (int)endpoint.Port));
        return true;
    }

    private static ImmutableArray<PathAddress> ReadEndpoints(PeerCard card)
    {
        List<PathAddress> endpoints = [];
        foreach (Endpoint endpoint in card.Endpoints)
        {
            if (endpoints.Count < EndpointsMax && TryReadEndpoint(endpoint, out PathAddress address))
            {
                endpoints.Add(address);
            }
        }

        return [.. endpoints];
    }
}
