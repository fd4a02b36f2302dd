using System;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Xunit;

namespace Darkbloom.Protocol.Tests.Handshake;

public sealed class HandshakeTests
{
    private static readonly byte[] InitHeader = HandshakePair.InitHeader;
    private static readonly byte[] ResponseHeader = HandshakePair.ResponseHeader;

    [Fact]
    public void Both_sides_end_with_the_same_keys_crossed_over()
    {
        (SessionKeys initiator, SessionKeys responder) = HandshakePair.Complete();
        using (initiator)
        using (responder)
        {
            Assert.Equal(initiator.SendSecret, responder.ReceiveSecret);
            Assert.Equal(initiator.ReceiveSecret, responder.SendSecret);
            Assert.False(initiator.SendSecret.SequenceEqual(initiator.ReceiveSecret));
            Assert.Equal(initiator.HandshakeHash, responder.HandshakeHash);
        }
    }

    [Fact]
    public void Two_handshakes_share_no_key()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        pair.Finish(pair.Answer(init));
        using SessionKeys first = pair.Initiator.Split();
        using ResponderHandshake replayed = new(HandshakePair.Prologue, pair.ResponderIdentity, TestKeys.Fresh());
        Assert.True(replayed.TryReadInit(InitHeader, init, new byte[init.Length], out _, out _));
        _ = replayed.WriteResponse(ResponseHeader, [], new byte[ResponderHandshake.ResponseLength(0)]);
        using SessionKeys second = replayed.Split();
        Assert.False(first.SendSecret.SequenceEqual(second.ReceiveSecret));
        Assert.False(first.ReceiveSecret.SequenceEqual(second.SendSecret));
    }

    [Theory]
    [InlineData("other")]
    [InlineData("tes")]
    [InlineData("testt")]
    public void Init_of_another_network_is_refused(string network)
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        using ResponderHandshake stranger =
            new(HandshakePrologue.Create(network), pair.ResponderIdentity, TestKeys.Fresh());
        Assert.False(stranger.TryReadInit(InitHeader, init, new byte[init.Length], out _, out _));
    }

    [Fact]
    public void Init_of_another_version_is_refused()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        byte[] prologue = HandshakePrologue.Create("test");
        prologue["darkbloom/noise\0".Length]++;
        using ResponderHandshake stranger = new(prologue, pair.ResponderIdentity, TestKeys.Fresh());
        Assert.False(stranger.TryReadInit(InitHeader, init, new byte[init.Length], out _, out _));
    }

    [Fact]
    public void Init_meant_for_another_static_key_is_refused()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        using PeerIdentity other = TestKeys.FreshIdentity();
        using ResponderHandshake stranger = new(HandshakePair.Prologue, other, TestKeys.Fresh());
        Assert.False(stranger.TryReadInit(InitHeader, init, new byte[init.Length], out _, out _));
    }

    [Fact]
    public void Response_by_another_static_key_is_refused()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        using PeerIdentity other = TestKeys.FreshIdentity();
        using InitiatorHandshake toOther = new(
            HandshakePair.Prologue, pair.InitiatorIdentity, other.PublicKey, TestKeys.Fresh());
        byte[] initToOther = new byte[InitiatorHandshake.InitLength(0)];
        Assert.True(toOther.TryWriteInit(InitHeader, [], initToOther, out _));
        using ResponderHandshake answering = new(HandshakePair.Prologue, other, TestKeys.Fresh());
        Assert.True(answering.TryReadInit(InitHeader, initToOther, new byte[initToOther.Length], out _, out _));
        byte[] response = new byte[ResponderHandshake.ResponseLength(0)];
        _ = answering.WriteResponse(ResponseHeader, [], response);

        Assert.False(pair.Initiator.TryReadResponse(ResponseHeader, response, new byte[response.Length], out _));
        pair.Finish(pair.Answer(init));
    }

    [Fact]
    public void Reflected_init_is_no_response()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        Assert.False(pair.Initiator.TryReadResponse(ResponseHeader, init, new byte[init.Length], out _));
        Assert.False(pair.Initiator.TryReadResponse(ResponseHeader, init.AsSpan(0, 80), new byte[init.Length], out _));
    }

    [Fact]
    public void Init_reflected_to_its_sender_is_refused()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        using ResponderHandshake self = new(HandshakePair.Prologue, pair.InitiatorIdentity, TestKeys.Fresh());
        Assert.False(self.TryReadInit(InitHeader, init, new byte[init.Length], out _, out _));
    }

    [Fact]
    public void Response_of_an_earlier_session_is_refused_and_the_genuine_one_still_counts()
    {
        using HandshakePair earlier = new();
        byte[] stale = earlier.Answer(earlier.WriteInit());
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        Assert.False(pair.Initiator.TryReadResponse(ResponseHeader, stale, new byte[stale.Length], out _));
        pair.Finish(pair.Answer(init));
        using SessionKeys initiator = pair.Initiator.Split();
        using SessionKeys responder = pair.Responder.Split();
        Assert.Equal(initiator.SendSecret, responder.ReceiveSecret);
    }

    [Fact]
    public void Every_flipped_byte_of_either_message_is_refused()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        byte[] target = new byte[init.Length];
        for (int i = 0; i < init.Length; i++)
        {
            init[i] ^= 1;
            using ResponderHandshake responder = new(HandshakePair.Prologue, pair.ResponderIdentity, TestKeys.Fresh());
            Assert.False(responder.TryReadInit(InitHeader, init, target, out _, out _));
            init[i] ^= 1;
        }

        byte[] response = pair.Answer(init);
        for (int i = 0; i < response.Length; i++)
        {
            response[i] ^= 1;
            Assert.False(pair.Initiator.TryReadResponse(ResponseHeader, response, target, out _));
            response[i] ^= 1;
        }

        pair.Finish(response);
    }

    [Fact]
    public void Every_flipped_bit_of_the_inits_header_is_refused()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        byte[] header = [.. InitHeader];
        for (int bit = 0; bit < 8 * header.Length; bit++)
        {
            header[bit / 8] ^= (byte)(1 << (bit % 8));
            using ResponderHandshake responder = new(HandshakePair.Prologue, pair.ResponderIdentity, TestKeys.Fresh());
            Assert.False(responder.TryReadInit(header, init, new byte[init.Length], out _, out _));
            header[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        pair.Finish(pair.Answer(init));
    }

    [Fact]
    public void Every_flipped_bit_of_the_responses_header_is_refused_and_the_genuine_one_still_counts()
    {
        using HandshakePair pair = new();
        byte[] response = pair.Answer(pair.WriteInit());
        byte[] header = [.. ResponseHeader];
        for (int bit = 0; bit < 8 * header.Length; bit++)
        {
            header[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(pair.Initiator.TryReadResponse(header, response, new byte[response.Length], out _));
            header[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        pair.Finish(response);
    }

    [Fact]
    public void Header_that_is_cut_short_or_absent_is_refused()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        for (int length = 0; length < InitHeader.Length; length++)
        {
            using ResponderHandshake responder = new(HandshakePair.Prologue, pair.ResponderIdentity, TestKeys.Fresh());
            ReadOnlySpan<byte> cut = InitHeader.AsSpan(0, length);
            Assert.False(responder.TryReadInit(cut, init, new byte[init.Length], out _, out _));
        }

        byte[] response = pair.Answer(init);
        for (int length = 0; length < ResponseHeader.Length; length++)
        {
            ReadOnlySpan<byte> cut = ResponseHeader.AsSpan(0, length);
            Assert.False(pair.Initiator.TryReadResponse(cut, response, new byte[response.Length], out _));
        }
    }

    [Fact]
    public void Every_truncation_of_either_message_is_refused()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        byte[] target = new byte[init.Length];
        for (int length = 0; length < init.Length; length++)
        {
            using ResponderHandshake responder = new(HandshakePair.Prologue, pair.ResponderIdentity, TestKeys.Fresh());
            Assert.False(responder.TryReadInit(InitHeader, init.AsSpan(0, length), target, out _, out _));
        }

        byte[] response = pair.Answer(init);
        for (int length = 0; length < response.Length; length++)
        {
            Assert.False(pair.Initiator.TryReadResponse(ResponseHeader, response.AsSpan(0, length), target, out _));
        }

        pair.Finish(response);
    }

    [Fact]
    public void Payload_longer_than_its_target_is_refused()
    {
        using HandshakePair pair = new();
        byte[] init = pair.WriteInit();
        Assert.False(pair.Responder.TryReadInit(InitHeader, init, new byte[HandshakePair.InitText.Length - 1], out _, out _));
    }

    [Fact]
    public void Responder_off_the_curve_is_reported_not_thrown()
    {
        using PeerIdentity self = TestKeys.FreshIdentity();
        PublicKey offCurve = self.PublicKey with { Y = new UInt256(1, 2) };
        using InitiatorHandshake initiator = new(HandshakePair.Prologue, self, offCurve, TestKeys.Fresh());
        byte[] target = new byte[InitiatorHandshake.InitLength(0)];
        Assert.False(initiator.TryWriteInit(InitHeader, [], target, out int length));
        Assert.Equal(0, length);
    }

    [Fact]
    public void Peer_cannot_shake_hands_with_itself()
    {
        using PeerIdentity self = TestKeys.FreshIdentity();
        Assert.Throws<ArgumentException>(
            () => new InitiatorHandshake(HandshakePair.Prologue, self, self.PublicKey, TestKeys.Fresh()));
    }

    [Fact]
    public void Keys_leave_a_handshake_once_and_not_before_its_end()
    {
        using HandshakePair pair = new();
        Assert.Throws<InvalidOperationException>(pair.Initiator.Split);
        Assert.Throws<InvalidOperationException>(pair.Responder.Split);
        pair.Finish(pair.Answer(pair.WriteInit()));
        pair.Initiator.Split().Dispose();
        Assert.Throws<InvalidOperationException>(pair.Initiator.Split);
    }

    [Fact]
    public void Disposed_keys_protect_nothing()
    {
        (SessionKeys initiator, SessionKeys responder) = HandshakePair.Complete();
        initiator.Dispose();
        responder.Dispose();
        Assert.Throws<ObjectDisposedException>(() => new PacketProtector(initiator));
        Assert.Throws<ObjectDisposedException>(() => responder.HandshakeHash.Length);
    }

    [Fact]
    public void Mac_accepts_its_message_and_no_other()
    {
        using PeerIdentity responder = TestKeys.FreshIdentity();
        HandshakeMac mac = new(responder.PublicKey);
        byte[] message = new byte[100];
        byte[] tag = new byte[HandshakeMac.Size];
        mac.Write(message, tag);
        Assert.True(mac.IsValid(message, tag));
        Assert.False(mac.IsValid(message, tag.AsSpan(1)));
        using PeerIdentity other = TestKeys.FreshIdentity();
        Assert.False(new HandshakeMac(other.PublicKey).IsValid(message, tag));
        message[50] = 1;
        Assert.False(mac.IsValid(message, tag));
    }
}
