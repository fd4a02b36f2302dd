using System;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Rendezvous.Log;
using Xunit;

namespace Darkbloom.Rendezvous.Tests.Log;

public sealed class JournalRecordTests
{
    private const string Golden =
        "DDB2D09BD1FD6FFD" + "01" + "02"
        + "00000000000000000000000000000102" + "00000000000000000000000000000304"
        + "00000000000000000000000000000506" + "00000000000000000000000000000708"
        + "000000006B49D200" + "00000005" + "01" + "AABBCC";

    private static readonly JournalRecord Granted = new(
        JournalRecordKind.Granted,
        new PublicKey(new UInt256(0x0102, 0x0304), new UInt256(0x0506, 0x0708)),
        new UnixTime(0x6B49D200),
        PeerRoles.Node | PeerRoles.Relay,
        TrustTier.Self,
        new byte[] { 0xAA, 0xBB, 0xCC });

    [Fact]
    public void A_record_has_this_form() => Assert.Equal(Golden, Convert.ToHexString(Granted.ToBytes()));

    [Theory]
    [InlineData(JournalRecordKind.Enrolled, 0)]
    [InlineData(JournalRecordKind.Granted, 1)]
    [InlineData(JournalRecordKind.Granted, JournalRecord.EnvelopeBytesMax - 1)]
    [InlineData(JournalRecordKind.Granted, JournalRecord.EnvelopeBytesMax)]
    [InlineData(JournalRecordKind.Revoked, 0)]
    public void What_is_written_is_read_back(JournalRecordKind kind, int envelopeBytes)
    {
        JournalRecord written = Granted with { Kind = kind, Tier = TrustTier.App, Envelope = new byte[envelopeBytes] };
        Assert.True(JournalRecord.TryRead(written.ToBytes(), out JournalRecord? read));
        Assert.Equal(written.Envelope.ToArray(), read!.Envelope.ToArray());
        Assert.Equal(written with { Envelope = default }, read with { Envelope = default });
    }

    [Fact]
    public void An_envelope_beyond_the_limit_is_neither_written_nor_read()
    {
        JournalRecord large = Granted with { Envelope = new byte[JournalRecord.EnvelopeBytesMax + 1] };
        Assert.Throws<ArgumentOutOfRangeException>(() => large.ToBytes());
        byte[] bytes = [.. Granted.ToBytes(), .. new byte[JournalRecord.EnvelopeBytesMax - 2]];
        Assert.Equal(JournalRecord.HeaderBytes + JournalRecord.EnvelopeBytesMax + 1, bytes.Length);
        Assert.False(JournalRecord.TryRead(bytes, out _));
    }

    [Fact]
    public void Every_truncation_of_the_header_is_refused()
    {
        byte[] bytes = Granted.ToBytes();
        for (int length = 0; length <= JournalRecord.HeaderBytes; length++)
        {
            Assert.False(JournalRecord.TryRead(bytes.AsSpan(0, length), out _));
        }
    }

    [Theory]
    [InlineData(8, 2)]
    [InlineData(9, 0)]
    [InlineData(9, 1)]
    [InlineData(9, 3)]
    [InlineData(9, 4)]
    [InlineData(86, 0)]
    [InlineData(86, 4)]
    public void Unknown_versions_kinds_and_tiers_are_refused(int offset, byte value)
    {
        byte[] bytes = Granted.ToBytes();
        bytes[offset] = value;
        Seal(bytes);
        Assert.False(JournalRecord.TryRead(bytes, out _));
    }

    [Fact]
    public void No_flipped_bit_goes_unnoticed()
    {
        byte[] bytes = Granted.ToBytes();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(JournalRecord.TryRead(bytes, out _));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        Assert.True(JournalRecord.TryRead(bytes, out _));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Prng prng = new(3);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[1 + prng.Next(200)];
            for (int at = 0; at < bytes.Length; at++)
            {
                bytes[at] = (byte)prng.Next(256);
            }
            if (bytes.Length > 8 && prng.Chance(1, 2))
            {
                bytes[8] = JournalRecord.Version;
                Seal(bytes);
            }
            _ = JournalRecord.TryRead(bytes, out _);
        }
    }

    private static void Seal(byte[] bytes) => SHA256.HashData(bytes.AsSpan(8))[..8].CopyTo(bytes, 0);
}
