using System.Linq;
using System.Net;
using Darkbloom.Mesh.Membership;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Darkbloom.Rendezvous.Introductions;

/// <summary>Completes what a peer says of its endpoints with what the rendezvous sees.</summary>
internal static class Endpoints
{
    public static Endpoint Of(PathAddress address)
    {
        IPEndPoint endPoint = address.ToEndPoint();
        return new Endpoint { Address = ByteString.CopyFrom(endPoint.Address.GetAddressBytes()), Port = (uint)endPoint.Port };
    }

    /// <summary>Puts the observed address in place of unspecified ones, or alone when the peer names none.</summary>
    public static PeerCard Complete(PeerCard card, PathAddress observed)
    {
        PeerCard complete = card.Clone();
        Endpoint seen = Of(observed);
        complete.Endpoints.Clear();
        foreach (Endpoint endpoint in card.Endpoints.DefaultIfEmpty(seen))
        {
            AddOnce(complete.Endpoints, PeerCardRules.IsUnspecified(endpoint) ? seen : endpoint);
        }
        return complete;
    }

    /// <summary>Where to try a peer that is waiting for it: what its card says, then where it was seen.</summary>
    public static void AddAll(RepeatedField<Endpoint> target, PeerCard? card, PathAddress observed)
    {
        if (card is not null)
        {
            target.Add(card.Endpoints);
        }
        if (target.Count < PeerCardRules.EndpointsMax)
        {
            AddOnce(target, Of(observed));
        }
    }

    private static void AddOnce(RepeatedField<Endpoint> target, Endpoint endpoint)
    {
        if (!target.Contains(endpoint))
        {
            target.Add(endpoint);
        }
    }
}
