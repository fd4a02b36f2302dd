using System.Collections.Immutable;
using System.Linq;
using System.Net;
using System.Text.Json.Nodes;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Cli.Membership;

/// <summary>One peer of the directory as it is shown; what a stranger wrote into its card is shortened and made printable.</summary>
internal sealed record PeerRow(string Id, string Roles, ImmutableArray<string> Models, uint Slots, ImmutableArray<string> Addresses, string Hardware)
{
    private const int TextCharactersMax = 60;

    public static PeerRow From(PeerCard card)
    {
        string id = PublicKey.TryRead(card.PublicKey.Span, out PublicKey key) ? PeerId.Of(key).ToString() : "(bad key)";
        return new PeerRow(
            id,
            ((PeerRoles)card.Roles).ToString().ToLowerInvariant(),
            [.. card.Models.Select(model => Printable(model.Id))],
            card.Slots,
            [.. card.Endpoints.Select(Address)],
            Printable(card.Hardware));
    }

    public JsonObject ToJson() => new()
    {
        ["id"] = Id,
        ["roles"] = Roles,
        ["models"] = new JsonArray([.. Models.Select(model => (JsonNode)model)]),
        ["slots"] = Slots,
        ["addresses"] = new JsonArray([.. Addresses.Select(address => (JsonNode)address)]),
        ["hardware"] = Hardware,
    };

    private static string Address(Endpoint endpoint) =>
        endpoint.Address.Length is 4 or 16 && endpoint.Port <= ushort.MaxValue
            ? new IPEndPoint(new IPAddress(endpoint.Address.Span), (int)endpoint.Port).ToString()
            : "(bad address)";

    private static string Printable(string text)
    {
        string clean = string.Concat(text.Where(character => !char.IsControl(character)));
        return clean.Length <= TextCharactersMax ? clean : clean[..TextCharactersMax] + "…";
    }
}
