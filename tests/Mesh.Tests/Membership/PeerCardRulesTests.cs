using System;
using System.Linq;
using Darkbloom.Mesh.Membership;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Mesh.Tests.Membership;

public sealed class PeerCardRulesTests
{
    [Fact]
    public void A_plain_card_is_sound() => Assert.Null(PeerCardRules.FindFault(NewCard()));

    [Fact]
    public void No_card_is_a_fault() => Assert.NotNull(PeerCardRules.FindFault(null));

    [Theory]
    [InlineData(63, false)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void A_key_has_its_size(int bytes, bool isSound) => Check(card => card.PublicKey = ByteString.CopyFrom(new byte[bytes]), isSound);

    [Theory]
    [InlineData(PeerCardRules.ModelsMax - 1, true)]
    [InlineData(PeerCardRules.ModelsMax, true)]
    [InlineData(PeerCardRules.ModelsMax + 1, false)]
    public void Models_are_counted(int count, bool isSound) =>
        Check(card => card.Models.Add(Enumerable.Range(0, count).Select(i => new ModelCard { Id = $"m{i}" })), isSound);

    [Theory]
    [InlineData(PeerCardRules.EndpointsMax - 1, true)]
    [InlineData(PeerCardRules.EndpointsMax, true)]
    [InlineData(PeerCardRules.EndpointsMax + 1, false)]
    public void Endpoints_are_counted(int count, bool isSound) =>
        Check(card => card.Endpoints.Add(Enumerable.Range(1, count).Select(port => NewEndpoint([127, 0, 0, 1], (uint)port))), isSound);

    [Theory]
    [InlineData(PeerCardRules.StringBytesMax - 1, true)]
    [InlineData(PeerCardRules.StringBytesMax, true)]
    [InlineData(PeerCardRules.StringBytesMax + 1, false)]
    public void Strings_have_a_longest_length(int length, bool isSound)
    {
        string text = new('x', length);
        Check(card => card.Hardware = text, isSound);
        Check(card => card.Models.Add(new ModelCard { Id = text }), isSound);
        Check(card => card.Models.Add(new ModelCard { Id = "m", Fingerprint = text }), isSound);
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_card_has_a_longest_length(int over, bool isSound) => Check(
        card =>
        {
            // Eight kilobytes need every model to be wordy; what is missing to the byte goes into the last fingerprint.
            for (int i = 0; i < PeerCardRules.ModelsMax; i++)
            {
                card.Models.Add(new ModelCard { Id = $"{i:00}" + new string('x', 118), Fingerprint = new string('f', i < 31 ? 128 : 10) });
            }
            card.Models[31].Fingerprint += new string('f', PeerCardRules.CardBytesMax + over - card.CalculateSize());
            Assert.Equal(PeerCardRules.CardBytesMax + over, card.CalculateSize());
        },
        isSound);

    [Theory]
    [InlineData(0, true)]
    [InlineData(31, false)]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public void A_hash_has_its_size(int bytes, bool isSound) =>
        Check(card => card.Models.Add(new ModelCard { Id = "m", Sha256 = ByteString.CopyFrom(new byte[bytes]) }), isSound);

    [Theory]
    [InlineData(PeerCardRules.SlotsMax - 1, true)]
    [InlineData(PeerCardRules.SlotsMax, true)]
    [InlineData(PeerCardRules.SlotsMax + 1, false)]
    public void Slots_are_limited(uint slots, bool isSound) => Check(card => card.Slots = slots, isSound);

    [Theory]
    [InlineData(PeerCardRules.ContextTokensMax - 1, true)]
    [InlineData(PeerCardRules.ContextTokensMax, true)]
    [InlineData(PeerCardRules.ContextTokensMax + 1, false)]
    public void Contexts_are_limited(uint tokens, bool isSound) =>
        Check(card => card.Models.Add(new ModelCard { Id = "m", ContextTokens = tokens }), isSound);

    [Fact]
    public void What_a_terminal_would_obey_is_refused()
    {
        Check(card => card.Hardware = "Mac\u001b[2J", isSound: false);
        Check(card => card.Models.Add(new ModelCard { Id = "m\n" }), isSound: false);
        Check(card => card.Hardware = "Mac mini (M4), 24 GB – Büro", isSound: true);
    }

    [Fact]
    public void A_model_has_an_id_of_its_own()
    {
        Check(card => card.Models.Add(new ModelCard()), isSound: false);
        Check(card => card.Models.Add([new ModelCard { Id = "m" }, new ModelCard { Id = "m" }]), isSound: false);
    }

    [Theory]
    [InlineData("C0000201", 1, true)]
    [InlineData("C0000201", 65_535, true)]
    [InlineData("C0000201", 65_536, false)]
    [InlineData("C0000201", 0, false)]
    [InlineData("00000000", 0, true)]
    [InlineData("DFFFFFFF", 1, true)]
    [InlineData("E0000001", 1, false)]
    [InlineData("FFFFFFFF", 1, false)]
    [InlineData("C00002", 1, false)]
    [InlineData("C000020101", 1, false)]
    [InlineData("", 1, false)]
    [InlineData("FF020000000000000000000000000001", 1, false)]
    [InlineData("00000000000000000000FFFFE0000001", 1, false)]
    [InlineData("00000000000000000000FFFF00000000", 0, true)]
    public void An_endpoint_names_one_host_and_a_port(string address, uint port, bool isSound) =>
        Check(card => card.Endpoints.Add(NewEndpoint(Convert.FromHexString(address), port)), isSound);

    [Fact]
    public void Unknown_roles_are_refused() => Check(card => card.Roles = 16, isSound: false);

    private static void Check(Action<PeerCard> change, bool isSound)
    {
        PeerCard card = NewCard();
        change(card);
        Assert.Equal(isSound, PeerCardRules.FindFault(card) is null);
    }

    private static PeerCard NewCard() => new() { PublicKey = ByteString.CopyFrom(new byte[PublicKey.Size]), Roles = (uint)PeerRoles.Node };

    private static Endpoint NewEndpoint(byte[] address, uint port) => new() { Address = ByteString.CopyFrom(address), Port = port };
}
