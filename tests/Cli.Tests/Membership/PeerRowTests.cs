using System;
using System.Collections.Immutable;
using System.Text.Json;
using Darkbloom.Cli.Membership;
using Darkbloom.Cli.Verbs;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Cli.Tests.Membership;

public sealed class PeerRowTests
{
    private static readonly PeerCard Card = new()
    {
        PublicKey = ByteString.CopyFrom(new byte[64]),
        Roles = 1,
        Slots = 4,
        Hardware = "a\u001b[31mMac\n",
        Models = { new ModelCard { Id = new string('m', 61) } },
        Endpoints = { new Endpoint { Address = ByteString.CopyFrom(127, 0, 0, 1), Port = 7401 }, new Endpoint { Port = 1 } },
    };

    [Fact]
    public void A_card_becomes_a_row_that_a_terminal_can_show()
    {
        PeerRow row = PeerRow.From(Card);
        Assert.Equal("node", row.Roles);
        Assert.Equal("a[31mMac", row.Hardware);
        Assert.Equal(new string('m', 60) + "…", Assert.Single(row.Models));
        Assert.Equal<string>(["127.0.0.1:7401", "(bad address)"], row.Addresses);
        Assert.Equal(8, row.Id.Length);
    }

    [Fact]
    public void A_card_without_a_key_is_shown_as_such() => Assert.Equal("(bad key)", PeerRow.From(new PeerCard()).Id);

    [Fact]
    public void Peers_are_a_table_or_JSON()
    {
        ImmutableArray<PeerRow> peers = [PeerRow.From(Card)];
        TestTerminal plain = new();
        PeersVerb.Show(peers, json: false, plain.Create());
        Assert.Contains("127.0.0.1:7401", plain.Output, StringComparison.Ordinal);

        TestTerminal machine = new();
        PeersVerb.Show(peers, json: true, machine.Create());
        using JsonDocument document = JsonDocument.Parse(machine.Output);
        Assert.Equal(4u, document.RootElement[0].GetProperty("slots").GetUInt32());
    }
}
