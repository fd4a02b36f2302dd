using System;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Xunit;

namespace Darkbloom.Protocol.Tests.Handshake;

/// <summary>Messages that are right in every respect but one: two of their keys are the same.</summary>
public sealed class SharedKeyTests : IDisposable
{
    private readonly KeyPair _initiator = TestKeys.Import(KnownAnswers.InitiatorStatic);
    private readonly KeyPair _initiatorEphemeral = TestKeys.Import(KnownAnswers.InitiatorEphemeral);
    private readonly KeyPair _responder = TestKeys.Import(KnownAnswers.ResponderStatic);
    private readonly KeyPair _responderEphemeral = TestKeys.Import(KnownAnswers.ResponderEphemeral);
    private readonly PeerIdentity _responderIdentity = PeerIdentity.FromKeyPair(KnownAnswers.ResponderStatic);

    [Fact]
    public void Init_of_different_keys_is_accepted() => Assert.True(Accepts(_initiatorEphemeral, _initiator));

    [Fact]
    public void Init_that_shares_a_key_is_refused()
    {
        Assert.False(Accepts(_responder, _initiator), "ephemeral and responder");
        Assert.False(Accepts(_initiatorEphemeral, _responder), "static and responder");
        Assert.False(Accepts(_initiator, _initiator), "ephemeral and static");
        Assert.False(Accepts(_responderEphemeral, _initiator), "both ephemerals");
        Assert.False(Accepts(_initiatorEphemeral, _responderEphemeral), "static and the responder's ephemeral");
    }

    [Fact]
    public void Response_of_different_keys_is_accepted() => Assert.True(AcceptsResponse(_responderEphemeral));

    [Fact]
    public void Response_that_shares_a_key_is_refused()
    {
        Assert.False(AcceptsResponse(_initiatorEphemeral), "both ephemerals");
        Assert.False(AcceptsResponse(_initiator), "ephemeral and the initiator's static");
        Assert.False(AcceptsResponse(_responder), "ephemeral and the responder's static");
    }

    [Fact]
    public void Initiator_refuses_to_begin_with_a_shared_key()
    {
        using PeerIdentity self = PeerIdentity.FromKeyPair(KnownAnswers.InitiatorStatic);
        Assert.Throws<ArgumentException>(() => new InitiatorHandshake([], self, _responder.PublicKey, _initiator));
        Assert.Throws<ArgumentException>(() => new InitiatorHandshake([], self, _responder.PublicKey, _responder));
        Assert.Throws<ArgumentException>(() => new InitiatorHandshake([], self, self.PublicKey, _initiatorEphemeral));
    }

    public void Dispose()
    {
        _initiator.Dispose();
        _initiatorEphemeral.Dispose();
        _responder.Dispose();
        _responderEphemeral.Dispose();
        _responderIdentity.Dispose();
    }

    private bool Accepts(KeyPair ephemeral, KeyPair initiator)
    {
        (byte[] init, SymmetricState state) = WriteInit(ephemeral, initiator);
        state.Dispose();
        using ResponderHandshake handshake = new([], _responderIdentity, TestKeys.Import(KnownAnswers.ResponderEphemeral));
        return handshake.TryReadInit(HandshakePair.InitHeader, init, [], out _, out _);
    }

    /// <summary>The pattern's first message, by whoever holds any keys at all.</summary>
    private (byte[] Init, SymmetricState State) WriteInit(KeyPair ephemeral, KeyPair initiator)
    {
        byte[] init = new byte[InitiatorHandshake.InitLength(0)];
        SymmetricState state = NoiseSuite.Begin([], _responder.PublicKey);
        state.MixHash(HandshakePair.InitHeader);
        ephemeral.PublicKey.Write(init);
        NoiseSuite.MixPublicKey(state, ephemeral.PublicKey);
        Mix(state, ephemeral, _responder.PublicKey);
        int written = state.EncryptAndHash(initiator.PublicKey.ToBytes(), init.AsSpan(PublicKey.Size));
        Mix(state, initiator, _responder.PublicKey);
        _ = state.EncryptAndHash([], init.AsSpan(PublicKey.Size + written));
        return (init, state);
    }

    private bool AcceptsResponse(KeyPair ephemeral)
    {
        using PeerIdentity self = PeerIdentity.FromKeyPair(KnownAnswers.InitiatorStatic);
        using InitiatorHandshake handshake =
            new([], self, _responder.PublicKey, TestKeys.Import(KnownAnswers.InitiatorEphemeral));
        Assert.True(handshake.TryWriteInit(
            HandshakePair.InitHeader, [], new byte[InitiatorHandshake.InitLength(0)], out _));

        (_, SymmetricState state) = WriteInit(_initiatorEphemeral, _initiator);
        byte[] response = new byte[ResponderHandshake.ResponseLength(0)];
        state.MixHash(HandshakePair.ResponseHeader);
        ephemeral.PublicKey.Write(response);
        NoiseSuite.MixPublicKey(state, ephemeral.PublicKey);
        Mix(state, ephemeral, _initiatorEphemeral.PublicKey);
        Mix(state, ephemeral, _initiator.PublicKey);
        _ = state.EncryptAndHash([], response.AsSpan(PublicKey.Size));
        state.Dispose();
        return handshake.TryReadResponse(HandshakePair.ResponseHeader, response, [], out _);
    }

    private static void Mix(SymmetricState state, KeyPair own, PublicKey peer)
    {
        Assert.True(CurvePoint.TryImport(peer, out CurvePoint? point));
        using (point)
        {
            Assert.True(NoiseSuite.TryMixAgreement(state, own, point));
        }
    }
}
