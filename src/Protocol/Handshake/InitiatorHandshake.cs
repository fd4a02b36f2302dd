using System;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Protocol.Handshake;

/// <summary>
/// The side of a handshake that speaks first and knows whom it wants to reach (docs/protocol.md, section 4).
/// </summary>
/// <remarks>
/// It owns the ephemeral key pair; the identity stays the caller's.
/// <code>
/// Fresh             -> [TryWriteInit]            -> AwaitingResponse
/// AwaitingResponse  -> [response is forged]      -> AwaitingResponse  a forger must not end the handshake
/// AwaitingResponse  -> [response is genuine]     -> Complete
/// Complete          -> [Split]                   -> Spent             keys leave once
/// </code>
/// </remarks>
public sealed class InitiatorHandshake : IDisposable
{
    private readonly PeerIdentity _self;
    private readonly PublicKey _responder;
    private readonly KeyPair _ephemeral;
    private SymmetricState _state;
    private Step _step = Step.Fresh;

    /// <exception cref="ArgumentException">The responder is this peer itself.</exception>
    public InitiatorHandshake(ReadOnlySpan<byte> prologue, PeerIdentity self, PublicKey responder, KeyPair ephemeral)
    {
        ArgumentNullException.ThrowIfNull(self);
        ArgumentNullException.ThrowIfNull(ephemeral);
        if (responder == self.PublicKey || ephemeral.PublicKey == self.PublicKey || ephemeral.PublicKey == responder)
        {
            throw new ArgumentException("The three keys of a handshake differ from each other.", nameof(responder));
        }

        _self = self;
        _responder = responder;
        _ephemeral = ephemeral;
        _state = NoiseSuite.Begin(prologue, responder);
    }

    private enum Step
    {
        Fresh,
        AwaitingResponse,
        Complete,
        Spent,
    }

    /// <summary>How long the first message is for a payload.</summary>
    public static int InitLength(int payloadLength) => payloadLength + NoiseSuite.InitOverheadBytes;

    /// <summary>Writes e, es, s, ss and the payload; false when the responder's key is no point of the curve.</summary>
    /// <param name="header">What stands before the message in its packet and is to arrive unchanged.</param>
    /// <exception cref="ArgumentException"><paramref name="target"/> is shorter than <see
    /// cref="InitLength"/>.</exception>
    public bool TryWriteInit(
        ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, Span<byte> target, out int length)
    {
        Require(Step.Fresh);
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Length, InitLength(payload.Length));
        length = 0;
        if (!CurvePoint.TryImport(_responder, out CurvePoint? responder))
        {
            return false;
        }

        using (responder)
        {
            Span<byte> rest = target;
            _state.MixHash(header);
            _ephemeral.PublicKey.Write(rest);
            _state.MixHash(rest[..PublicKey.Size]);
            rest = rest[PublicKey.Size..];
            if (!NoiseSuite.TryMixAgreement(_state, _ephemeral, responder))
            {
                return false;
            }

            Span<byte> ownKey = stackalloc byte[PublicKey.Size];
            _self.PublicKey.Write(ownKey);
            rest = rest[_state.EncryptAndHash(ownKey, rest)..];
            if (!NoiseSuite.TryMixAgreement(_state, _self.KeyPair, responder))
            {
                return false;
            }

            _ = _state.EncryptAndHash(payload, rest);
        }

        length = InitLength(payload.Length);
        _step = Step.AwaitingResponse;
        return true;
    }

    /// <summary>
    /// Reads e, ee, se and the payload; a message that is not the responder's answer under this header leaves
    /// everything as it was.
    /// </summary>
    public bool TryReadResponse(
        ReadOnlySpan<byte> header, ReadOnlySpan<byte> message, Span<byte> payloadTarget, out int payloadLength)
    {
        Require(Step.AwaitingResponse);
        payloadLength = 0;
        if (message.Length < NoiseSuite.ResponseOverheadBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> ephemeralBytes = message[..PublicKey.Size];
        _ = PublicKey.TryRead(ephemeralBytes, out PublicKey key);
        if (key == _ephemeral.PublicKey || key == _self.PublicKey || key == _responder
            || !CurvePoint.TryImport(key, out CurvePoint? ephemeral))
        {
            return false;
        }

        using (ephemeral)
        {
            SymmetricState attempt = _state.Clone();
            attempt.MixHash(header);
            attempt.MixHash(ephemeralBytes);
            if (!NoiseSuite.TryMixAgreement(attempt, _ephemeral, ephemeral)
                || !NoiseSuite.TryMixAgreement(attempt, _self.KeyPair, ephemeral)
                || !attempt.TryDecryptAndHash(message[PublicKey.Size..], payloadTarget, out payloadLength))
            {
                attempt.Dispose();
                return false;
            }

            _state.Dispose();
            _state = attempt;
        }

        _step = Step.Complete;
        return true;
    }

    /// <summary>The session's keys; they leave once.</summary>
    public SessionKeys Split()
    {
        Require(Step.Complete);
        _step = Step.Spent;
        return SessionKeys.ForInitiator(_state);
    }

    public void Dispose()
    {
        _step = Step.Spent;
        _state.Dispose();
        _ephemeral.Dispose();
    }

    private void Require(Step step)
    {
        if (_step != step)
        {
            throw new InvalidOperationException($"The handshake is {_step}, not {step}.");
        }
    }
}
