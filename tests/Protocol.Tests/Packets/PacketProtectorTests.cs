using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tests.Handshake;
using Xunit;

namespace Darkbloom.Protocol.Tests.Packets;

public sealed class PacketProtectorTests : IDisposable
{
    private static readonly byte[] Header = new byte[13];

    private readonly Side _left;
    private readonly Side _right;

    public PacketProtectorTests()
    {
        (SessionKeys initiator, SessionKeys responder) = HandshakePair.Complete();
        using (initiator)
        using (responder)
        {
            _left = new Side(new PacketProtector(initiator));
            _right = new Side(new PacketProtector(responder));
        }
    }

    [Fact]
    public void Packet_opens_on_the_other_side_only()
    {
        Sealed packet = _left.Seal();
        Assert.False(_left.Opens(packet));
        Assert.True(_right.Opens(packet));
    }

    [Fact]
    public void Every_flipped_bit_is_refused_and_counted()
    {
        Sealed packet = _left.Seal();
        for (int bit = 0; bit < packet.Bytes.Length * 8; bit++)
        {
            packet.Bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(_right.Opens(packet));
            packet.Bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal((ulong)packet.Bytes.Length * 8, _right.Protector.ForgedPackets);
        Assert.True(_right.Opens(packet));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        Sealed packet = _left.Seal();
        for (int length = 0; length < packet.Bytes.Length; length++)
        {
            Assert.False(_right.Opens(packet with { Bytes = packet.Bytes[..length] }));
        }
    }

    [Fact]
    public void Other_number_or_other_header_is_refused()
    {
        Sealed packet = _left.Seal();
        Assert.False(_right.Opens(packet with { Number = packet.Number + 1 }));
        Assert.False(_right.Opens(packet with { Number = packet.Number + (1UL << 32) }));
        byte[] header = new byte[13];
        header[12] = 1;
        Assert.False(_right.Protector.TryOpen(packet.Number, packet.Phase, header, packet.Bytes, new byte[100]));
    }

    [Fact]
    public void Packet_number_is_never_used_twice()
    {
        PacketProtector protector = _left.Protector;
        Assert.True(protector.TrySeal(0, Header, [], new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => protector.TrySeal(0, Header, [], new byte[16]));
        Assert.True(protector.TrySeal(7, Header, [], new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => protector.TrySeal(7, Header, [], new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => protector.TrySeal(6, Header, [], new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => protector.TrySeal(ulong.MaxValue, Header, [], new byte[16]));
    }

    [Theory]
    [InlineData(PacketProtector.PhasePacketsMax - 1, false)]
    [InlineData(PacketProtector.PhasePacketsMax, true)]
    [InlineData(PacketProtector.PhasePacketsMax + 1, true)]
    public void Phase_is_spent_at_its_limit(ulong packets, bool spent)
    {
        (SessionKeys keys, SessionKeys other) = HandshakePair.Complete();
        using (keys)
        using (other)
        using (PacketProtector protector = new(keys, packets))
        {
            Assert.Equal(spent, protector.IsPhaseSpent);
        }
    }

    [Fact]
    public void Phase_seals_no_more_at_its_hard_limit_until_the_next_begins()
    {
        (SessionKeys keys, SessionKeys other) = HandshakePair.Complete();
        using (keys)
        using (other)
        using (PacketProtector protector = new(keys, PacketProtector.PhasePacketsHardMax - 1))
        {
            Assert.True(protector.TrySeal(0, Header, [], new byte[16]));
            Assert.False(protector.TrySeal(1, Header, [], new byte[16]));
            Assert.True(protector.TryAdvancePhase(0));
            Assert.False(protector.IsPhaseSpent);
            Assert.True(protector.TrySeal(1, Header, [], new byte[16]));
        }
    }

    /// <summary>
    /// Zeros sealed are the keystream itself: two packets share one exactly when they share key and nonce.
    /// </summary>
    [Fact]
    public void No_key_meets_a_nonce_twice()
    {
        byte[] zeros = new byte[16];
        byte[] packet = new byte[zeros.Length + PacketProtector.TagSize];
        System.Random chance = new(4);
        HashSet<UInt128> keystreams = [];
        ulong[] next = [0, 0];
        Side[] sides = [_left, _right];
        for (int i = 0; i < 200_000; i++)
        {
            int side = chance.Next(2);
            PacketProtector sender = sides[side].Protector;
            Assert.True(sender.TrySeal(next[side], Header, zeros, packet));
            Assert.True(keystreams.Add(BinaryPrimitives.ReadUInt128BigEndian(packet)));
            Assert.True(sides[1 - side].Protector.TryOpen(next[side], sender.KeyPhase, Header, packet, zeros));
            if (chance.Next(100) == 0)
            {
                _ = sender.TryAdvancePhase(next[side]);
            }

            next[side] += 1 + (ulong)chance.Next(3);
        }
    }

    /// <summary>A nonce is a key's salt and the packet's number: it is new when a number never comes back in any phase.</summary>
    [Fact]
    public void Ten_million_packets_over_phases_and_renewals_never_return_to_a_number()
    {
        const int packets = 10_000_000;
        byte[] plaintext = new byte[1];
        byte[] target = new byte[plaintext.Length + PacketProtector.TagSize];
        Prng prng = new(7);
        Side[] sides = [_left, _right];
        ulong[] next = [0, 0];
        int phases = 0;
        int renewals = 0;
        for (int i = 0; i < packets; i++)
        {
            int side = prng.Next(2);
            PacketProtector sender = sides[side].Protector;
            PacketProtector receiver = sides[1 - side].Protector;
            Assert.True(sender.TrySeal(next[side], Header, plaintext, target));
            if (i % 1000 == 0)
            {
                Assert.True(receiver.TryOpen(next[side], sender.KeyPhase, Header, target, plaintext));
                phases += sender.TryAdvancePhase(next[side]) ? 1 : 0;
            }
            if (i % 100_000 == 0)
            {
                ulong returned = next[side] - (ulong)prng.Next((int)Math.Min(next[side] + 1, int.MaxValue));
                Assert.Throws<ArgumentOutOfRangeException>(() => sender.TrySeal(returned, Header, plaintext, target));
                renewals += TryRenew(sender, receiver) ? 1 : 0;
            }
            next[side] += 1 + (ulong)(i & 1);
        }
        Assert.InRange(phases, 1000, packets);
        Assert.InRange(renewals, 10, packets);
    }

    [Fact]
    public void A_renewal_begins_with_the_next_phase_of_who_asked()
    {
        Establish();
        Assert.True(TryRenew(_left.Protector, _right.Protector));
        Assert.False(_right.TryAdvance());
        Sealed straggler = _left.Seal();
        Assert.True(_left.TryAdvance());
        Assert.True(_left.Protector.IsRenewalOver);
        Assert.False(_right.Protector.IsRenewalOver);

        Assert.True(_right.Opens(_left.Seal()));
        Assert.True(_right.Protector.IsRenewalOver);
        Assert.True(_right.Opens(straggler));
        Assert.True(_left.Opens(_right.Seal()));
        Establish();
        Assert.True(_right.TryAdvance());
        Establish();
        Assert.Equal(0UL, _left.Protector.ForgedPackets + _right.Protector.ForgedPackets);
    }

    [Fact]
    public void Who_knows_only_the_old_secrets_does_not_open_a_renewed_phase()
    {
        (SessionKeys initiator, SessionKeys eavesdropper) = HandshakePair.Complete();
        using (initiator)
        using (eavesdropper)
        using (PacketProtector left = new(initiator))
        using (PacketProtector thief = new(eavesdropper))
        {
            (SessionKeys fresh, SessionKeys other) = HandshakePair.Complete();
            using (other)
            {
                byte[] packet = new byte[PacketProtector.TagSize];
                Assert.True(left.TrySeal(0, Header, [], packet));
                Assert.True(thief.TryOpen(0, 0, Header, packet, []));
                Assert.True(thief.TrySeal(0, Header, [], packet));
                left.Hold();
                left.RenewAndLead(fresh);
                Assert.True(left.TryAdvancePhase(0));
                Assert.True(left.TrySeal(1, Header, [], packet));
                Assert.False(thief.TryOpen(1, 1, Header, packet, []));
            }
        }
    }

    [Fact]
    public void Who_answers_may_have_begun_a_phase_before_the_question_came()
    {
        Establish();
        _left.Protector.Hold();
        Assert.True(_right.TryAdvance());
        (SessionKeys lead, SessionKeys follow) = HandshakePair.Complete();
        _right.Protector.RenewAndFollow(follow);
        Assert.True(_left.Opens(_right.Seal()));
        _left.Protector.RenewAndLead(lead);
        Assert.False(_left.TryAdvance());
        Establish();
        Assert.True(_left.TryAdvance());
        Establish();
        Assert.True(_right.Protector.IsRenewalOver);
        Assert.Equal(0, _left.Protector.KeyPhase);
        Assert.Equal(0UL, _left.Protector.ForgedPackets + _right.Protector.ForgedPackets);
    }

    [Fact]
    public void A_refusal_leaves_the_phases_as_they_were()
    {
        Establish();
        _left.Protector.Hold();
        Assert.False(_left.TryAdvance());
        _left.Protector.Release();
        Assert.True(_left.TryAdvance());
        Establish();
        Assert.Throws<InvalidOperationException>(_left.Protector.Release);
    }

    [Fact]
    public void Phase_does_not_advance_before_a_packet_of_it_is_acknowledged()
    {
        Assert.False(_left.Protector.TryAdvancePhase(0));
        _left.Exchange(_right);
        Assert.True(_left.TryAdvance());
        Assert.False(_left.TryAdvance());
        Assert.Equal(1, _left.Protector.KeyPhase);
    }

    [Fact]
    public void Peer_follows_into_the_next_phase_and_stragglers_still_open()
    {
        _left.Exchange(_right);
        Sealed straggler = _left.Seal();
        Assert.True(_left.TryAdvance());
        Sealed early = _left.Seal();
        Assert.True(_right.Opens(_left.Seal()));
        Assert.Equal(1, _right.Protector.KeyPhase);
        Assert.True(_right.Opens(straggler));
        Assert.True(_right.Opens(early));
        Assert.True(_left.Opens(_right.Seal()));
        Assert.True(_left.TryAdvance());
        Assert.Equal(0, _left.Protector.KeyPhase);
        Assert.True(_right.Opens(_left.Seal()));
    }

    [Fact]
    public void Straggler_is_refused_once_its_phase_is_forgotten()
    {
        _left.Exchange(_right);
        Sealed straggler = _left.Seal();
        Assert.True(_left.TryAdvance());
        Assert.True(_right.Opens(_left.Seal()));
        _right.Protector.ForgetPreviousPhase();
        Assert.False(_right.Opens(straggler));
    }

    [Fact]
    public void Both_sides_may_advance_at_once()
    {
        _left.Exchange(_right);
        _right.Exchange(_left);
        Assert.True(_left.TryAdvance());
        Assert.True(_right.TryAdvance());
        Assert.True(_right.Opens(_left.Seal()));
        Assert.True(_left.Opens(_right.Seal()));
        Assert.Equal(1, _left.Protector.KeyPhase);
        Assert.Equal(1, _right.Protector.KeyPhase);
    }

    [Fact]
    public void Follower_does_not_advance_again_before_the_peer_got_one_of_its_packets()
    {
        _left.Exchange(_right);
        _right.Exchange(_left);
        Assert.True(_right.TryAdvance());
        Assert.True(_left.Opens(_right.Seal()));
        Assert.Equal(1, _left.Protector.KeyPhase);
        Assert.False(_left.TryAdvance());
    }

    /// <summary>The cheat claims an acknowledgement that the other side never sent.</summary>
    [Fact]
    public void Peer_that_advances_unheard_is_not_followed()
    {
        Assert.True(_right.Opens(_left.Seal()));
        Assert.True(_left.Protector.TryAdvancePhase(0));
        Sealed early = _left.Seal();
        Assert.False(_right.Opens(early));
        Assert.Equal(0, _right.Protector.KeyPhase);
        _ = _right.Seal();
        Assert.True(_right.Opens(early));
        Assert.Equal(1, _right.Protector.KeyPhase);
    }

    [Fact]
    public void Flipped_phase_bit_does_not_advance_anything()
    {
        Sealed packet = _left.Seal();
        _ = _right.Seal();
        Assert.False(_right.Opens(packet with { Phase = 1 }));
        Assert.Equal(0, _right.Protector.KeyPhase);
        Assert.True(_right.Opens(packet));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Phases_survive_loss_and_reordering(int seed)
    {
        System.Random chance = new(seed);
        List<Sealed> toRight = [];
        List<Sealed> toLeft = [];
        int advances = 0;
        for (int round = 0; round < 10_000; round++)
        {
            toRight.Add(_left.Seal());
            toLeft.Add(_right.Seal());
            if (round % 5 == 0)
            {
                Deliver(chance, _right, toRight);
            }

            if (round % 5 == 2)
            {
                Deliver(chance, _left, toLeft);
            }

            advances += chance.Next(2) == 0 && _left.TryAdvance() ? 1 : 0;
            advances += chance.Next(2) == 0 && _right.TryAdvance() ? 1 : 0;
        }

        Assert.True(advances > 1000);
        Assert.Equal(0UL, _left.Protector.ForgedPackets + _right.Protector.ForgedPackets);
    }

    [Fact]
    public void Sealing_and_opening_allocate_nothing()
    {
        byte[] plaintext = new byte[1200];
        byte[] target = new byte[plaintext.Length + PacketProtector.TagSize];
        byte[] opened = new byte[plaintext.Length];
        ulong next = 0;
        long allocated = 0;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                _ = _left.Protector.TrySeal(next, Header, plaintext, target);
                _ = _right.Protector.TryOpen(next, 0, Header, target, opened);
                next++;
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
        Assert.Equal(0UL, _right.Protector.ForgedPackets);
    }

    public void Dispose()
    {
        _left.Protector.Dispose();
        _right.Protector.Dispose();
    }

    /// <summary>Each side seals in the present phase and hears that it arrived.</summary>
    private void Establish()
    {
        _left.Exchange(_right);
        _left.Exchange(_right);
    }

    private static bool TryRenew(PacketProtector asks, PacketProtector answers)
    {
        if (!asks.IsRenewalOver || !answers.IsRenewalOver || asks.KeyPhase != answers.KeyPhase)
        {
            return false;
        }
        (SessionKeys lead, SessionKeys follow) = HandshakePair.Complete();
        asks.Hold();
        answers.RenewAndFollow(follow);
        asks.RenewAndLead(lead);
        return true;
    }

    /// <summary>Delivers what waits in any order and loses a tenth of it.</summary>
    private static void Deliver(System.Random chance, Side receiver, List<Sealed> waiting)
    {
        foreach (Sealed packet in waiting.OrderBy(_ => chance.Next()))
        {
            if (chance.Next(10) > 0)
            {
                Assert.True(receiver.Opens(packet));
            }
        }

        waiting.Clear();
    }

    private readonly record struct Sealed(ulong Number, byte Phase, byte[] Bytes, ulong? Acknowledges);

    /// <summary>One end: its protector, and the acknowledgements that a transport would carry.</summary>
    private sealed class Side(PacketProtector protector)
    {
        private ulong _next;
        private ulong? _largestOpened;
        private ulong? _largestAcknowledged;

        internal PacketProtector Protector => protector;

        internal Sealed Seal()
        {
            byte[] bytes = new byte[4 + PacketProtector.TagSize];
            Assert.True(protector.TrySeal(_next, Header, [1, 2, 3, 4], bytes));
            return new Sealed(_next++, protector.KeyPhase, bytes, _largestOpened);
        }

        internal bool Opens(Sealed packet)
        {
            bool opened = protector.TryOpen(packet.Number, packet.Phase, Header, packet.Bytes, new byte[100]);
            if (opened)
            {
                _largestOpened = Math.Max(packet.Number, _largestOpened ?? 0);
                _largestAcknowledged = packet.Acknowledges is { } number
                    ? Math.Max(number, _largestAcknowledged ?? 0)
                    : _largestAcknowledged;
            }

            return opened;
        }

        internal void Exchange(Side other)
        {
            Assert.True(other.Opens(Seal()));
            Assert.True(Opens(other.Seal()));
        }

        internal bool TryAdvance() => _largestAcknowledged is { } number && protector.TryAdvancePhase(number);
    }
}
