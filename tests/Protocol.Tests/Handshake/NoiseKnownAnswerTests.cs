using System;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Xunit;

namespace Darkbloom.Protocol.Tests.Handshake;

/// <summary>A whole session with fixed keys against an independent implementation.</summary>
public sealed class NoiseKnownAnswerTests : IDisposable
{
    private static readonly byte[] Prologue = HandshakePrologue.Create("kat");

    private readonly PeerIdentity _initiatorIdentity = PeerIdentity.FromKeyPair(KnownAnswers.InitiatorStatic);
    private readonly PeerIdentity _responderIdentity = PeerIdentity.FromKeyPair(KnownAnswers.ResponderStatic);
    private readonly InitiatorHandshake _initiator;
    private readonly ResponderHandshake _responder;

    public NoiseKnownAnswerTests()
    {
        _initiator = new InitiatorHandshake(
            Prologue, _initiatorIdentity, _responderIdentity.PublicKey, TestKeys.Import(KnownAnswers.InitiatorEphemeral));
        _responder = new ResponderHandshake(
            Prologue, _responderIdentity, TestKeys.Import(KnownAnswers.ResponderEphemeral));
    }

    [Fact]
    public void Both_messages_and_all_keys_are_as_computed_elsewhere()
    {
        byte[] init = new byte[KnownAnswers.Init.Length];
        Assert.True(_initiator.TryWriteInit(KnownAnswers.InitHeader, "the first payload"u8, init, out _));
        Assert.Equal(KnownAnswers.Init, init);

        byte[] payload = new byte[100];
        Assert.True(_responder.TryReadInit(
            KnownAnswers.InitHeader, init, payload, out int length, out PublicKey key));
        Assert.Equal("the first payload"u8, payload.AsSpan(0, length));
        Assert.Equal(_initiatorIdentity.PublicKey, key);

        byte[] response = new byte[KnownAnswers.Response.Length];
        _ = _responder.WriteResponse(KnownAnswers.ResponseHeader, "the second payload"u8, response);
        Assert.Equal(KnownAnswers.Response, response);
        Assert.True(_initiator.TryReadResponse(KnownAnswers.ResponseHeader, response, payload, out length));
        Assert.Equal("the second payload"u8, payload.AsSpan(0, length));

        using SessionKeys keys = _initiator.Split();
        Assert.Equal(KnownAnswers.HandshakeHash, keys.HandshakeHash.ToArray());
        Assert.Equal(KnownAnswers.InitiatorSends, keys.SendSecret.ToArray());
        Assert.Equal(KnownAnswers.ResponderSends, keys.ReceiveSecret.ToArray());
    }

    [Fact]
    public void Packets_of_two_phases_are_as_computed_elsewhere()
    {
        using SessionKeys keys = FirstSession();
        using PacketProtector protector = new(keys);
        byte[] header = Convert.FromHexString("4001020304050607080000002a");
        byte[] packet = new byte["frames"u8.Length + PacketProtector.TagSize];
        Assert.True(protector.TrySeal(42, header, "frames"u8, packet));
        Assert.Equal(KnownAnswers.Packet42, packet);

        Assert.True(protector.TryAdvancePhase(42));
        header = Convert.FromHexString("4101020304050607080000002b");
        Assert.True(protector.TrySeal(43, header, "frames"u8, packet));
        Assert.Equal(KnownAnswers.Packet43NextPhase, packet);
    }

    [Fact]
    public void A_renewal_is_as_computed_elsewhere()
    {
        byte[] header = new byte[HandshakeFrame.HeaderBytes];
        byte[] question = new byte[KnownAnswers.RenewalQuestion.Length];
        HandshakeFrame.WriteHeader(isAnswer: false, round: 1, KnownAnswers.HandshakeHash, header);
        Assert.True(_initiator.TryWriteInit(header, "the third payload"u8, question, out _));
        Assert.Equal(KnownAnswers.RenewalQuestion, question);
        Assert.True(_responder.TryReadInit(header, question, new byte[100], out _, out _));

        byte[] answer = new byte[KnownAnswers.RenewalAnswer.Length];
        HandshakeFrame.WriteHeader(isAnswer: true, round: 1, KnownAnswers.HandshakeHash, header);
        _ = _responder.WriteResponse(header, "the fourth payload"u8, answer);
        Assert.Equal(KnownAnswers.RenewalAnswer, answer);
        Assert.True(_initiator.TryReadResponse(header, answer, new byte[100], out _));

        using SessionKeys session = FirstSession();
        using PacketProtector protector = new(session);
        header = Convert.FromHexString("4001020304050607080000002a");
        byte[] packet = new byte["frames"u8.Length + PacketProtector.TagSize];
        Assert.True(protector.TrySeal(42, header, "frames"u8, packet));
        protector.Hold();
        protector.RenewAndLead(_initiator.Split());
        Assert.True(protector.TryAdvancePhase(42));
        header = Convert.FromHexString("4101020304050607080000002b");
        Assert.True(protector.TrySeal(43, header, "frames"u8, packet));
        Assert.Equal(KnownAnswers.Packet43Renewed, packet);
    }

    [Fact]
    public void Mac_is_as_computed_elsewhere()
    {
        byte[] mac = new byte[HandshakeMac.Size];
        new HandshakeMac(_responderIdentity.PublicKey).Write(KnownAnswers.Init, mac);
        Assert.Equal(KnownAnswers.InitMac, mac);
    }

    [Fact]
    public void Peer_id_is_as_computed_elsewhere() =>
        Assert.Equal(KnownAnswers.ResponderId, _responderIdentity.Id.ToBytes());

    private SessionKeys FirstSession()
    {
        using InitiatorHandshake first = new(
            Prologue, _initiatorIdentity, _responderIdentity.PublicKey, TestKeys.Import(KnownAnswers.InitiatorEphemeral));
        Assert.True(first.TryWriteInit(KnownAnswers.InitHeader, "the first payload"u8, new byte[500], out _));
        Assert.True(first.TryReadResponse(KnownAnswers.ResponseHeader, KnownAnswers.Response, new byte[100], out _));
        return first.Split();
    }

    public void Dispose()
    {
        _initiator.Dispose();
        _responder.Dispose();
        _initiatorIdentity.Dispose();
        _responderIdentity.Dispose();
    }
}
