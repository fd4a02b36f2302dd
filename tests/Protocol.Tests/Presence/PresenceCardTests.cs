using System;
using System.Collections.Immutable;
using System.Linq;
using System.Net;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Presence;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Protocol.Tests.Presence;

public sealed class PresenceCardTests : IDisposable
{
    private const string Golden =
        "01" + "01" + "03" + "07" // version, roles, hardware class, region
        + "01" + "02" + "0004" // reachability, models, slots
        + "00000000000000E1" + "000000006B49D200" // epoch, issued at
        + "KEY"
        + "00000000000000000000FFFFC0000201" + "10E1" + "1122334455667788" // address, port, relay
        + "0000000000000005" + "0000000000000009"; // models

    private readonly PeerIdentity _identity = PeerIdentity.FromKeyPair(KnownAnswers.InitiatorStatic);

    public void Dispose() => _identity.Dispose();

    [Fact]
    public void Body_has_its_golden_bytes()
    {
        byte[] signed = Card(5, 9).Sign(_identity);

        Assert.Equal(Golden.Replace("KEY", Convert.ToHexString(_identity.PublicKey.ToBytes()), StringComparison.Ordinal), Convert.ToHexString(signed[..^64]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    public void What_is_signed_is_read_and_believed(int models)
    {
        PresenceCard card = Card([.. Enumerable.Range(1, models).Select(static i => (ulong)i)]);
        byte[] signed = card.Sign(_identity);

        Assert.True(PresenceCard.TryRead(signed, out PresenceCard read));
        Assert.Equal(card, read);
        Assert.True(PresenceCard.IsSigned(signed, read.Key));
        Assert.True(signed.Length <= 280, "a card stays small");
        Assert.Equal(models == PresenceCard.ModelsMax, signed.Length == PresenceCard.BytesMax);
    }

    [Fact]
    public void Nine_models_are_refused_by_writer_and_reader()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Card([1, 2, 3, 4, 5, 6, 7, 8, 9]).Sign(_identity));
        byte[] signed = Card(1, 2, 3, 4, 5, 6, 7, 8).Sign(_identity);
        byte[] more = [.. signed[..^64], 0xFF, 0, 0, 0, 0, 0, 0, 0, .. signed[^64..]];
        more[5] = 9;
        Assert.False(PresenceCard.TryRead(more, out _));
    }

    [Fact]
    public void Truncation_at_each_byte_and_a_byte_too_many_are_refused()
    {
        byte[] signed = Card(5, 9).Sign(_identity);
        for (int length = 0; length < signed.Length; length++)
        {
            Assert.False(PresenceCard.TryRead(signed.AsSpan(0, length), out _));
            Assert.False(PresenceCard.IsSigned(signed.AsSpan(0, length), _identity.PublicKey));
        }

        Assert.False(PresenceCard.TryRead([.. signed, 0], out _));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Prng prng = new(41);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = RandomBytes.Next(prng, prng.Next(PresenceCard.BytesMax + 2));
            if (bytes.Length > 6)
            {
                (bytes[0], bytes[1], bytes[5]) = (1, (byte)(bytes[1] & 15), (byte)(bytes[5] % 10));
            }

            if (PresenceCard.TryRead(bytes, out PresenceCard card))
            {
                Assert.False(PresenceCard.IsSigned(bytes, card.Key));
            }
        }
    }

    [Fact]
    public void No_bit_can_be_changed()
    {
        byte[] signed = Card(5, 9).Sign(_identity);
        for (int i = 0; i < signed.Length; i++)
        {
            byte[] changed = [.. signed];
            changed[i] ^= 1;
            Assert.False(PresenceCard.TryRead(changed, out PresenceCard read) && PresenceCard.IsSigned(changed, read.Key), $"byte {i}");
        }
    }

    [Fact]
    public void The_card_of_another_key_is_not_signed()
    {
        using PeerIdentity other = TestKeys.FreshIdentity();
        Assert.Throws<ArgumentException>(() => Card(5).Sign(other));
        Assert.False(PresenceCard.IsSigned(Card(5).Sign(_identity), other.PublicKey));
    }

    [Fact]
    public void Models_that_do_not_ascend_are_refused() => Assert.All(
        (ImmutableArray<ulong>[])[[9, 5], [5, 5]], models => Assert.Throws<ArgumentException>(() => Card([.. models]).Sign(_identity)));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    [InlineData(1, 0)]
    [InlineData(1, 16)]
    [InlineData(4, 4)]
    public void Unknown_versions_roles_and_reaches_are_refused(int at, byte value)
    {
        byte[] signed = Card(5).Sign(_identity);
        signed[at] = value;

        Assert.False(PresenceCard.TryRead(signed, out _));
    }

    private PresenceCard Card(params ulong[] models) => new(
        _identity.PublicKey,
        PeerRoles.Node,
        HardwareClass: 3,
        Region: 7,
        Reachability.Direct,
        Slots: 4,
        Epoch: 225,
        new UnixTime(1_800_000_000),
        PathAddress.From(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 4321)),
        Relay: 0x1122334455667788,
        [.. models]);
}
