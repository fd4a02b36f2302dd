using System;
using System.Buffers.Binary;
using System.Linq;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Darkbloom.Protocol.Tests.Tickets;

public sealed class TicketTests : IDisposable
{
    private static readonly UnixTime Start = new(1_800_000_000);
    private static readonly UnixTime Middle = new(1_800_001_800);
    private static readonly PublicKey Holder = Key(KnownAnswers.InitiatorStatic);

    private readonly TicketSigner _signer = TicketSigner.FromKeyPair(KnownAnswers.ResponderStatic);
    private readonly TicketVerifier _verifier = new("kat");

    public TicketTests() => Assert.True(_verifier.Trust(_signer.PublicKey));

    private static Ticket Golden { get; } = new(
        "kat",
        new UInt128(0x0001020304050607, 0x08090A0B0C0D0E0F),
        Start,
        Start + TimeSpan.FromHours(1),
        Holder,
        Key(KnownAnswers.InitiatorEphemeral),
        PeerRoles.Node | PeerRoles.Gateway,
        TrustTier.Self,
        ReadOnlyMemory<byte>.Empty);

    [Fact]
    public void Ticket_signed_elsewhere_is_valid()
    {
        Assert.Equal(TicketVerdict.Valid, _verifier.Verify(KnownAnswers.Ticket, Holder, Middle, out VerifiedTicket? ticket));
        Assert.Equal(Golden, ticket!.Ticket);
        Assert.Equal(KnownAnswers.Ticket, ticket.Envelope.ToArray());
    }

    [Fact]
    public void Body_has_its_golden_bytes() =>
        Assert.Equal(
            KnownAnswers.Ticket[..^(TicketEnvelope.EntrySize)], _signer.Sign(Golden)[..^(TicketEnvelope.EntrySize)]);

    [Fact]
    public void Other_form_of_the_same_signature_is_refused()
    {
        using ECDsa key = ECDsa.Create(P256.ToParameters(_signer.PublicKey));
        Assert.True(TicketEnvelope.TryRead(KnownAnswers.TicketHighS, out TicketEnvelope envelope));
        byte[] labelled = [.. "darkbloom/ticket/v1\0"u8, .. envelope.Body];
        Assert.True(key.VerifyData(labelled, envelope.Signature(0), HashAlgorithmName.SHA256));
        Assert.Equal(TicketVerdict.BadSignature, Judge(KnownAnswers.TicketHighS));
    }

    [Fact]
    public void Signer_always_writes_the_lower_form()
    {
        for (int i = 0; i < 32; i++)
        {
            Assert.Equal(TicketVerdict.Valid, Judge(_signer.Sign(Golden)));
        }
    }

    [Fact]
    public void Every_flipped_bit_is_refused()
    {
        byte[] envelope = [.. KnownAnswers.Ticket];
        for (int bit = 0; bit < envelope.Length * 8; bit++)
        {
            envelope[bit / 8] ^= (byte)(1 << (bit % 8));
            TicketVerdict verdict = _verifier.Verify(envelope, Holder, Middle, out VerifiedTicket? ticket);
            Assert.True(verdict != TicketVerdict.Valid && ticket is null, $"bit {bit}");
            envelope[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(TicketVerdict.Valid, Judge(envelope));
    }

    [Fact]
    public void Every_truncation_and_a_trailing_byte_are_malformed()
    {
        for (int length = 0; length < KnownAnswers.Ticket.Length; length++)
        {
            Assert.Equal(TicketVerdict.Malformed, Judge(KnownAnswers.Ticket[..length]));
        }

        Assert.Equal(TicketVerdict.Malformed, Judge([.. KnownAnswers.Ticket, 0]));
    }

    [Fact]
    public void Ticket_of_another_holder_network_or_signer_is_refused()
    {
        Assert.Equal(
            TicketVerdict.WrongHolder, _verifier.Verify(KnownAnswers.Ticket, Golden.ReceiptKey, Middle, out _));
        Assert.Equal(TicketVerdict.WrongNetwork, Judge(_signer.Sign(Golden with { Network = "kat2" })));
        using TicketSigner other = TicketSigner.FromKeyPair(TestKeys.FreshBytes());
        Assert.Equal(TicketVerdict.UnknownSigner, Judge(other.Sign(Golden)));
        _verifier.Distrust(_signer.PublicKey);
        Assert.Equal(TicketVerdict.UnknownSigner, Judge(KnownAnswers.Ticket));
    }

    [Fact]
    public void Signature_of_another_key_under_a_trusted_keys_name_is_refused()
    {
        using TicketSigner other = TicketSigner.FromKeyPair(TestKeys.FreshBytes());
        byte[] forged = other.Sign(Golden);
        KnownAnswers.Ticket.AsSpan(^TicketEnvelope.EntrySize..^TicketSignature.Size)
            .CopyTo(forged.AsSpan(^TicketEnvelope.EntrySize..^TicketSignature.Size));
        Assert.Equal(TicketVerdict.BadSignature, Judge(forged));
    }

    [Theory]
    [InlineData(-Ticket.ClockSkewSecondsMax - 1, TicketVerdict.NotYetValid)]
    [InlineData(-Ticket.ClockSkewSecondsMax, TicketVerdict.Valid)]
    [InlineData(-Ticket.ClockSkewSecondsMax + 1, TicketVerdict.Valid)]
    [InlineData(3_600 + Ticket.ClockSkewSecondsMax - 1, TicketVerdict.Valid)]
    [InlineData(3_600 + Ticket.ClockSkewSecondsMax, TicketVerdict.Expired)]
    [InlineData(3_600 + Ticket.ClockSkewSecondsMax + 1, TicketVerdict.Expired)]
    public void Life_is_judged_with_the_allowed_skew(int secondsAfterStart, TicketVerdict verdict) =>
        Assert.Equal(
            verdict,
            _verifier.Verify(KnownAnswers.Ticket, Holder, Start + TimeSpan.FromSeconds(secondsAfterStart), out _));

    [Theory]
    [InlineData(Ticket.LifetimeSecondsMax - 1, TicketVerdict.Valid)]
    [InlineData(Ticket.LifetimeSecondsMax, TicketVerdict.Valid)]
    [InlineData(Ticket.LifetimeSecondsMax + 1, TicketVerdict.LifetimeTooLong)]
    [InlineData(86_400 * 365, TicketVerdict.LifetimeTooLong)]
    public void Verifier_limits_the_lifetime_whatever_the_signer_signed(int seconds, TicketVerdict verdict)
    {
        byte[] body = TicketBody.Write(Golden with { NotAfter = Start + TimeSpan.FromSeconds(seconds) });
        Assert.Equal(verdict, Judge(SignBody(body)));
    }

    [Fact]
    public void Revoked_serials_and_holders_are_refused()
    {
        Assert.True(_verifier.RevokeSerial(Golden.Serial + 1));
        Assert.Equal(TicketVerdict.Valid, Judge(KnownAnswers.Ticket));
        Assert.True(_verifier.RevokeSerial(Golden.Serial));
        Assert.Equal(TicketVerdict.Revoked, Judge(KnownAnswers.Ticket));
        Assert.Equal(TicketVerdict.Valid, Judge(_signer.Sign(Golden with { Serial = 7 })));
        Assert.True(_verifier.RevokeHolder(Holder));
        Assert.Equal(TicketVerdict.Revoked, Judge(_signer.Sign(Golden with { Serial = 7 })));
    }

    [Fact]
    public void Revocations_have_a_limit()
    {
        for (int i = 0; i < TicketVerifier.RevocationsMax; i++)
        {
            Assert.True(_verifier.RevokeSerial((UInt128)i));
        }

        Assert.False(_verifier.RevokeSerial((UInt128)TicketVerifier.RevocationsMax));
        Assert.True(_verifier.RevokeSerial(0));
        Assert.True(_verifier.RevokeHolder(Holder));
    }

    [Fact]
    public void Trusted_keys_have_a_limit_and_must_lie_on_the_curve()
    {
        Assert.False(_verifier.Trust(Holder with { Y = new UInt256(1, 2) }));
        for (int i = 1; i < TicketVerifier.TrustedKeysMax; i++)
        {
            using KeyPair keyPair = TestKeys.Fresh();
            Assert.True(_verifier.Trust(keyPair.PublicKey));
        }

        Assert.False(_verifier.Trust(Holder));
        Assert.True(_verifier.Trust(_signer.PublicKey));
    }

    [Fact]
    public void Second_signature_counts_when_the_first_signer_is_unknown()
    {
        using TicketSigner other = TicketSigner.FromKeyPair(TestKeys.FreshBytes());
        byte[] body = TicketBody.Write(Golden);
        byte[][] entries = [Entry(body, other), Entry(body, _signer)];
        Array.Sort(entries, (left, right) => left.AsSpan().SequenceCompareTo(right));
        Assert.Equal(TicketVerdict.Valid, Judge(Envelope(body, entries)));
        Assert.Equal(TicketVerdict.Malformed, Judge(Envelope(body, [entries[1], entries[0]])));
        Assert.Equal(TicketVerdict.Malformed, Judge(Envelope(body, [entries[0], entries[0]])));
        Assert.Equal(TicketVerdict.Malformed, Judge(Envelope(body, [])));
    }

    [Theory]
    [InlineData(TicketEnvelope.SignaturesMax - 1, true)]
    [InlineData(TicketEnvelope.SignaturesMax, true)]
    [InlineData(TicketEnvelope.SignaturesMax + 1, false)]
    public void Signatures_have_a_limit(int count, bool accepted)
    {
        byte[][] entries = [.. Enumerable.Range(0, count).Select(i =>
            (byte[])[0x82, 0x44, 0, 0, 0, (byte)i, 0x58, 0x40, .. new byte[TicketSignature.Size]])];
        Assert.Equal(accepted, TicketEnvelope.TryRead(Envelope(TicketBody.Write(Golden), entries), out _));
    }

    [Theory]
    [InlineData(WireLimits.TicketBytesMax - 1, TicketVerdict.Valid)]
    [InlineData(WireLimits.TicketBytesMax, TicketVerdict.Valid)]
    [InlineData(WireLimits.TicketBytesMax + 1, TicketVerdict.Malformed)]
    public void Envelope_has_a_limit(int length, TicketVerdict verdict)
    {
        byte[] known = TicketBody.Write(Golden);
        int padding = length - (known.Length + 5) - 1 - 3 - 1 - TicketEnvelope.EntrySize;
        byte[] body = [(byte)(known[0] + 1), .. known[1..], 0x18, 0x20, 0x59, (byte)(padding >> 8), (byte)(padding & 0xFF),
            .. new byte[padding]];
        byte[] envelope = SignBody(body);
        Assert.Equal(length, envelope.Length);
        Assert.Equal(verdict, Judge(envelope));
    }

    [Fact]
    public void Unknown_statements_are_skipped_but_must_be_deterministic()
    {
        byte[] body = TicketBody.Write(Golden);
        body[0]++;
        Assert.Equal(TicketVerdict.Valid, Judge(SignBody([.. body, 0x10, 0x82, 0x01, 0x02])));
        Assert.Equal(TicketVerdict.Malformed, Judge(SignBody([.. body, 0x10, 0xF4])));
        Assert.Equal(TicketVerdict.Malformed, Judge(SignBody([.. body, 0x0F, 0x01])));
        Assert.Equal(TicketVerdict.Malformed, Judge(SignBody([.. body, 0x10])));
    }

    [Fact]
    public void Missing_statements_and_another_version_are_malformed()
    {
        byte[] body = TicketBody.Write(Golden);
        byte[] withoutRoles = body[..^2];
        withoutRoles[0]--;
        Assert.Equal(TicketVerdict.Malformed, Judge(SignBody(withoutRoles)));
        byte[] version2 = [.. body];
        version2[2] = 2;
        Assert.Equal(TicketVerdict.Malformed, Judge(SignBody(version2)));
    }

    [Fact]
    public void Tier_and_evidence_must_agree()
    {
        byte[] hash = new byte[32];
        Ticket device = Golden with { Tier = TrustTier.Device, EvidenceHash = hash };
        Assert.Equal(TicketVerdict.Valid, _verifier.Verify(_signer.Sign(device), Holder, Middle, out VerifiedTicket? ticket));
        Assert.Equal(device, ticket!.Ticket);
        foreach (Ticket contradictory in (Ticket[])
            [
                Golden with { EvidenceHash = hash },
                Golden with { Tier = TrustTier.Device },
                Golden with { Tier = TrustTier.App, EvidenceHash = new byte[31] },
                Golden with { Tier = 0 },
                Golden with { Tier = (TrustTier)4 },
                Golden with { NotAfter = Start },
                Golden with { Network = "" },
                Golden with { Network = new string('x', 65) },
                Golden with { NotAfter = Start + TimeSpan.FromSeconds(3_601) },
            ])
        {
            Assert.Throws<ArgumentException>(() => _signer.Sign(contradictory));
        }

        Assert.Equal(TicketVerdict.Malformed, Judge(SignBody(TicketBody.Write(Golden with { EvidenceHash = hash }))));
        Assert.Equal(TicketVerdict.Malformed, Judge(SignBody(TicketBody.Write(Golden with { Tier = TrustTier.App }))));
    }

    [Fact]
    public void Any_ticket_round_trips()
    {
        Prop.ForAll(
            ArbMap.Default.ArbFor<ulong>(),
            ArbMap.Default.ArbFor<uint>(),
            ArbMap.Default.ArbFor<ushort>(),
            (serial, start, life) =>
            {
                Ticket ticket = Golden with
                {
                    Serial = new UInt128(serial, ~serial),
                    NotBefore = new UnixTime(start),
                    NotAfter = new UnixTime((long)start + 1 + life),
                    Roles = (PeerRoles)life,
                };
                return TicketBody.TryRead(TicketBody.Write(ticket), out Ticket? read) && read == ticket;
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Prng prng = new(13);
        for (int i = 0; i < 20_000; i++)
        {
            Assert.Equal(TicketVerdict.Malformed, Judge(RandomBytes.Next(prng, prng.Next(64))));
            byte[] mutated = [.. KnownAnswers.Ticket];
            for (int changes = prng.Next(4); changes >= 0; changes--)
            {
                mutated[prng.Next(170)] = unchecked((byte)prng.NextUInt64());
            }

            _ = Judge(mutated);
        }
    }

    [Fact]
    public void Hostile_times_do_not_overflow()
    {
        byte[] body = TicketBody.Write(Golden);
        int end = body.AsSpan().IndexOf(Convert.FromHexString("051a6b49e010"));
        foreach (ulong notAfter in (ulong[])[long.MaxValue, ulong.MaxValue, long.MaxValue / 10_000_000, 461_168_601_842])
        {
            byte[] number = new byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64BigEndian(number, notAfter);
            byte[] hostile = [.. body[..end], 0x05, 0x1B, .. number, .. body[(end + 6)..]];
            Assert.NotEqual(TicketVerdict.Valid, Judge(SignBody(hostile)));
        }
    }

    public void Dispose() => _signer.Dispose();

    private static PublicKey Key(byte[] keyPair)
    {
        _ = PublicKey.TryRead(keyPair.AsSpan(UInt256.Size), out PublicKey key);
        return key;
    }

    private static byte[] Entry(byte[] body, TicketSigner signer) => signer.SignBody(body)[^TicketEnvelope.EntrySize..];

    private static byte[] Envelope(byte[] body, byte[][] entries) =>
        [0x82, 0x58, (byte)body.Length, .. body, (byte)(0x80 + entries.Length), .. entries.SelectMany(entry => entry)];

    /// <summary>A genuine signature over any body, sound or not.</summary>
    private byte[] SignBody(byte[] body) => _signer.SignBody(body);

    private TicketVerdict Judge(byte[] envelope) => _verifier.Verify(envelope, Holder, Middle, out _);
}
