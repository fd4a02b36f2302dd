using System;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Protocol.Handshake;

/// <summary>The side of a handshake that is spoken to (docs/protocol.md, section 4).</summary>
/// <remarks>
/// It owns the ephemeral key pair; the identity stays the caller's. Check <see cref="HandshakeMac"/> before making one.
/// <code>
/// Fresh     -> [init is forged]    -> Spent       nothing was promised yet: drop the object
/// Fresh     -> [init is genuine]   -> Answering
/// Answering -> [WriteResponse]     -> Complete
/// Complete  -> [Split]             -> Spent       keys leave once
/// </code>
/// </remarks>
public sealed class ResponderHandshake : IDisposable
{
    private readonly PeerIdentity _self;
    private readonly KeyPair _ephemeral;
    private readonly SymmetricState _state;
    private CurvePoint? _initiator;
    private CurvePoint? _initiatorEphemeral;
    private Step _step = Step.Fresh;

    public ResponderHandshake(ReadOnlySpan<byte> prologue, PeerIdentity self, KeyPair ephemeral)
    {
        ArgumentNullException.ThrowIfNull(self);
        ArgumentNullException.ThrowIfNull(ephemeral);
        _self = self;
        _ephemeral = ephemeral;
        _state = NoiseSuite.Begin(prologue, self.PublicKey);
    }

    private enum Step
    {
        Fresh,
        Answering,
        Complete,
        Spent,
    }

    /// <summary>How long the second message is for a payload.</summary>
    public static int ResponseLength(int payloadLength) => payloadLength + NoiseSuite.ResponseOverheadBytes;

    /// <summary>Reads e, es, s, ss and the payload; false when the message is not meant for this peer.</summary>
    /// <param name="header">What stood before the message in its packet; any other than the initiator's fails.</param>
    /// <param name="initiator">Who speaks, proven by ss; a replay speaks too, until its first data packet
    /// fails.</param>
    public bool TryReadInit(
        ReadOnlySpan<byte> header, ReadOnlySpan<byte> message, Span<byte> payloadTarget, out int payloadLength,
        out PublicKey initiator)
    {
        Require(Step.Fresh);
        _step = Step.Spent;
        payloadLength = 0;
        initiator = default;
        if (message.Length < NoiseSuite.InitOverheadBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> ephemeralBytes = message[..PublicKey.Size];
        ReadOnlySpan<byte> sealedKey = message.Slice(PublicKey.Size, PublicKey.Size + CipherState.TagSize);
        ReadOnlySpan<byte> sealedPayload = message[(PublicKey.Size + sealedKey.Length)..];

        _ = PublicKey.TryRead(ephemeralBytes, out PublicKey ephemeral);
        Span<byte> keyBytes = stackalloc byte[PublicKey.Size];
        _state.MixHash(header);
        _state.MixHash(ephemeralBytes);
        if (ephemeral == _self.PublicKey || ephemeral == _ephemeral.PublicKey
            || !CurvePoint.TryImport(ephemeral, out _initiatorEphemeral)
            || !NoiseSuite.TryMixAgreement(_state, _self.KeyPair, _initiatorEphemeral)
            || !_state.TryDecryptAndHash(sealedKey, keyBytes, out _))
        {
            return false;
        }

        _ = PublicKey.TryRead(keyBytes, out PublicKey key);
        if (key == _self.PublicKey || key == ephemeral || key == _ephemeral.PublicKey
            || !CurvePoint.TryImport(key, out _initiator)
            || !NoiseSuite.TryMixAgreement(_state, _self.KeyPair, _initiator)
            || !_state.TryDecryptAndHash(sealedPayload, payloadTarget, out payloadLength))
        {
            return false;
        }

        initiator = key;
        _step = Step.Answering;
        return true;
    }

    /// <summary>Writes e, ee, se and the payload, and returns the length.</summary>
    /// <param name="header">What stands before the message in its packet and is to arrive unchanged.</param>
    /// <exception cref="ArgumentException"><paramref name="target"/> is shorter than <see
    /// cref="ResponseLength"/>.</exception>
    public int WriteResponse(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, Span<byte> target)
    {
        Require(Step.Answering);
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Length, ResponseLength(payload.Length));
        _state.MixHash(header);
        _ephemeral.PublicKey.Write(target);
        _state.MixHash(target[..PublicKey.Size]);
        if (!NoiseSuite.TryMixAgreement(_state, _ephemeral, _initiatorEphemeral!)
            || !NoiseSuite.TryMixAgreement(_state, _ephemeral, _initiator!))
        {
            throw new InvalidOperationException("Points that were imported agree with any valid key pair.");
        }

        _ = _state.EncryptAndHash(payload, target[PublicKey.Size..]);
        _step = Step.Complete;
        return ResponseLength(payload.Length);
    }

    /// <summary>The session's keys; they leave once.</summary>
    public SessionKeys Split()
    {
        Require(Step.Complete);
        _step = Step.Spent;
        return SessionKeys.ForResponder(_state);
    }

    public void Dispose()
    {
        _step = Step.Spent;
        _state.Dispose();
        _ephemeral.Dispose();
        _initiator?.Dispose();
        _initiatorEphemeral?.Dispose();
    }

    private void Require(Step step)
    {
        if (_step != step)
        {
            throw new InvalidOperationException($"The handshake is {_step}, not {step}.");
        }
    }
}
