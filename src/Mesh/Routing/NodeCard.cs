using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Routing;

/// <summary>The part of a peer's card that routing needs, checked.</summary>
internal sealed record NodeCard(PeerId Node, ulong Epoch, SortedDictionary<string, uint> ContextTokens)
{
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

        SortedDictionary<string, uint> contexts = new(StringComparer.Ordinal);
        foreach (ModelCard model in card.Models)
        {
            if (contexts.Count < RouteBook.ModelsPerNodeMax
                && model.Id.Length is > 0 and <= InferenceLimits.ModelCharsMax
                && model.ContextTokens is > 0 and <= InferenceLimits.ContextTokensMax)
            {
                contexts[model.Id] = model.ContextTokens;
            }
        }

        read = new NodeCard(PeerId.Of(key), card.Epoch, contexts);
        return contexts.Count > 0;
    }
}
