using System;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Darkbloom.Node.Engines;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Node.Serving;

/// <summary>Writes the card by which gateways find a node.</summary>
internal static class NodeCardWriter
{
    public static PeerCard Write(PublicKey key, EngineModel model, IPEndPoint endPoint)
    {
        PeerCard card = new()
        {
            PublicKey = ByteString.CopyFrom(key.ToBytes()),
            // The clock makes the cards of a restarted node newer than those of its last life.
            Epoch = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            Roles = (uint)PeerRoles.Node,
            Hardware = string.Create(
                CultureInfo.InvariantCulture, $"{RuntimeInformation.RuntimeIdentifier}, {Environment.ProcessorCount} processors"),
            Slots = (uint)model.Slots,
        };
        card.Models.Add(model.Card);

        // An unspecified address stands for "as you see me": the rendezvous puts in what it sees.
        card.Endpoints.Add(new Endpoint
        {
            Address = ByteString.CopyFrom(endPoint.Address.GetAddressBytes()),
            Port = (uint)endPoint.Port,
        });
        return card;
    }
}
