using System;
using System.Diagnostics;
using Darkbloom.Protocol.Handshake;

namespace Darkbloom.Protocol.Packets;

/// <summary>
/// Seals and opens the packets of one session, phase after phase of keys (docs/protocol.md, section 5).
/// </summary>
/// <remarks>
/// Both directions share a phase number, of which a packet carries the lowest bit.
/// <code>
/// in step        -> [TryAdvancePhase]              -> sending ahead   the peer acknowledged a packet of this phase
/// in step        -> [packet of the next phase]     -> in step         the peer advanced: this side follows at once
/// in step        -> [the same, nothing sealed yet] -> refused         the peer can't have an acknowledgement of this
/// phase
/// sending ahead  -> [packet of the next phase]     -> in step         the peer followed
/// sending ahead  -> [TryAdvancePhase]              -> refused         one bit tells two phases apart, not three
/// </code>
/// A new handshake within the session renews the keys (section 5.8). Who asks and who answers must agree on the phase
/// that its secrets begin with, so neither begins one of its own from the question on, and who asked begins that phase:
/// <code>
/// free      -> [Hold: this side asks]              -> held
/// free      -> [RenewAndFollow: it answers]        -> following
/// held      -> [packet of the next phase]          -> held            the peer may begin one until it answers
/// held      -> [RenewAndFollow: both asked]        -> following       the peer's question goes first
/// held      -> [RenewAndLead: the answer came]     -> leading
/// held      -> [Release: the answer was no]        -> free
/// leading   -> [TryAdvancePhase]                   -> free            sealing with the new secrets
/// following -> [packet of the next phase]          -> free            the peer holds the new secrets
/// </code>
/// Inputs that a peer controls never throw; sealing and opening allocate nothing except when a phase begins.
/// </remarks>
public sealed class PacketProtector : IDisposable
{
    public const int TagSize = PacketKey.TagSize;

    /// <summary>After so many sealed packets the phase is spent (RFC 9001 allows AES-GCM 2^23).</summary>
    public const int PhasePacketsMax = 1 << 22;

    /// <summary>After so many sealed packets the phase seals no more: the peer refused to follow.</summary>
    public const int PhasePacketsHardMax = 1 << 23;

    private PacketKey _send;
    private PacketKey? _receivePrevious;
    private PacketKey _receive;
    private PacketKey _receiveNext;
    private ulong _sendPhase;
    private ulong _receivePhase;
    private ulong _sealedInPhase;
    private ulong _packetNumberMin;
    private ulong _sendPhaseStart;
    private Renewal _renewal;

    /// <summary>Set by a renewal, until both directions have passed into its phase.</summary>
    private SessionKeys? _fresh;
    private ulong _freshPhase;

    /// <summary>
    /// The number that this phase of receiving began with: those of the phase before lie below, of the next above.
    /// </summary>
    private ulong _receiveBoundary;

    public PacketProtector(SessionKeys keys)
        : this(keys, sealedInPhase: 0)
    {
    }

    /// <summary>
    /// Begins with so many packets behind it, so that a test meets the limits without sealing millions.
    /// </summary>
    internal PacketProtector(SessionKeys keys, ulong sealedInPhase)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _send = new PacketKey(keys.SendSecret);
        _receive = new PacketKey(keys.ReceiveSecret);
        _receiveNext = _receive.Next();
        _sealedInPhase = sealedInPhase;
    }

    /// <summary>The bit that the header of the next sealed packet carries: 0 or 1.</summary>
    public byte KeyPhase => (byte)(_sendPhase & 1);

    private enum Renewal
    {
        Free,
        Held,
        Leading,
        Following,
    }

    /// <summary>Time to call <see cref="TryAdvancePhase"/>.</summary>
    public bool IsPhaseSpent => _sealedInPhase >= PhasePacketsMax || _renewal == Renewal.Leading;

    /// <summary>New secrets wait for this side to begin their phase.</summary>
    public bool IsLeading => _renewal == Renewal.Leading;

    /// <summary>No new secrets wait, and none are asked for.</summary>
    public bool IsRenewalOver => _renewal == Renewal.Free;

    /// <summary>Packets whose tag did not fit, or whose phase could not have begun yet.</summary>
    public ulong ForgedPackets { get; private set; }

    /// <summary>
    /// Writes ciphertext and tag; false when the phase has no packet left, which closes the session.
    /// </summary>
    /// <exception cref="ArgumentException">The packet number does not exceed all before it, or the target is
    /// short.</exception>
    public bool TrySeal(ulong packetNumber, ReadOnlySpan<byte> header, ReadOnlySpan<byte> plaintext, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(packetNumber, _packetNumberMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(packetNumber, WireLimits.PacketNumberMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Length, plaintext.Length + TagSize, nameof(target));
        AssertInvariants();
        if (_sealedInPhase >= PhasePacketsHardMax)
        {
            return false;
        }

        _send.Seal(packetNumber, header, plaintext, target);
        _packetNumberMin = packetNumber + 1;
        _sealedInPhase++;
        return true;
    }

    /// <summary>
    /// Writes the plaintext, a tag shorter than the ciphertext; false for a forged or mangled packet.
    /// </summary>
    public bool TryOpen(
        ulong packetNumber,
        byte keyPhase,
        ReadOnlySpan<byte> header,
        ReadOnlySpan<byte> ciphertext,
        Span<byte> plaintextTarget)
    {
        AssertInvariants();
        if (ciphertext.Length < TagSize || plaintextTarget.Length < ciphertext.Length - TagSize)
        {
            ForgedPackets++;
            return false;
        }

        bool ofPresent = (keyPhase & 1) == (byte)(_receivePhase & 1);
        bool ofPast = !ofPresent && packetNumber < _receiveBoundary && _receivePrevious is not null;
        PacketKey? key = ofPresent ? _receive : ofPast ? _receivePrevious : MayFollow ? _receiveNext : null;
        if (key is null || !key.TryOpen(packetNumber, header, ciphertext, plaintextTarget))
        {
            ForgedPackets++;
            return false;
        }

        if (!ofPresent && !ofPast)
        {
            FollowPeer(packetNumber);
        }

        return true;
    }

    /// <summary>Begins the next phase for sending; false until a packet sealed in this one was acknowledged.</summary>
    /// <remarks>
    /// Hearing the peer in this phase is not enough: when it advanced first, it may have got none of ours,
    /// and would then meet the phase after next without ever having met the next.
    /// </remarks>
    /// <param name="largestAcknowledged">The largest packet number that the peer acknowledged.</param>
    public bool TryAdvancePhase(ulong largestAcknowledged)
    {
        if (_sendPhase != _receivePhase
            || _renewal is Renewal.Held or Renewal.Following
            || largestAcknowledged < _sendPhaseStart
            || largestAcknowledged >= _packetNumberMin)
        {
            return false;
        }

        AdvanceSend();
        return true;
    }

    /// <summary>Begins no phase from now on: this side asked its peer for a new handshake.</summary>
    public void Hold()
    {
        Require(_renewal == Renewal.Free);
        _renewal = Renewal.Held;
    }

    /// <summary>Begins phases again: the peer refused.</summary>
    public void Release()
    {
        Require(_renewal == Renewal.Held);
        _renewal = Renewal.Free;
    }

    /// <summary>Takes the secrets of a handshake that this side asked for, and begins the next phase with them when it may.</summary>
    /// <param name="keys">This object's from now on.</param>
    public void RenewAndLead(SessionKeys keys)
    {
        Require(_renewal == Renewal.Held);
        _renewal = Renewal.Leading;
        Renew(keys);
    }

    /// <summary>Takes the secrets of a handshake that the peer asked for; the peer begins the next phase with them.</summary>
    /// <param name="keys">This object's from now on.</param>
    public void RenewAndFollow(SessionKeys keys)
    {
        Require(_renewal is Renewal.Free or Renewal.Held);
        _renewal = Renewal.Following;
        Renew(keys);
    }

    /// <summary>Drops the key of the phase before the present one, once no straggler is due any more.</summary>
    public void ForgetPreviousPhase()
    {
        _receivePrevious?.Dispose();
        _receivePrevious = null;
    }

    public void Dispose()
    {
        _send.Dispose();
        _receivePrevious?.Dispose();
        _receive.Dispose();
        _receiveNext.Dispose();
        _fresh?.Dispose();
    }

    private static void Require(bool isAllowed)
    {
        if (!isAllowed)
        {
            throw new InvalidOperationException("One renewal of keys goes on at a time.");
        }
    }

    /// <summary>The new secrets begin with the phase after the one that this side sends in.</summary>
    private void Renew(SessionKeys keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _fresh?.Dispose();
        _fresh = keys;
        _freshPhase = _sendPhase + 1;
        if (_freshPhase == _receivePhase + 1)
        {
            _receiveNext.Dispose();
            _receiveNext = NextReceive();
        }
    }

    private PacketKey NextReceive() => _fresh is not null && _receivePhase + 1 == _freshPhase
        ? _receive.Next(_fresh.ReceiveSecret)
        : _receive.Next();

    /// <summary>
    /// A peer advances only on an acknowledgement from this phase, so it can't before this side sealed one; without
    /// this check a peer could have new keys derived for every packet that it sends.
    /// </summary>
    private bool MayFollow => _sendPhase != _receivePhase || _packetNumberMin > _sendPhaseStart;

    private void FollowPeer(ulong packetNumber)
    {
        _receivePrevious?.Dispose();
        _receivePrevious = _receive;
        _receive = _receiveNext;
        _receivePhase++;
        _receiveNext = NextReceive();
        _receiveBoundary = packetNumber;
        if (_sendPhase < _receivePhase)
        {
            AdvanceSend();
        }

        if (_fresh is not null && _receivePhase == _freshPhase)
        {
            _fresh.Dispose();
            _fresh = null;
        }
    }

    private void AdvanceSend()
    {
        bool isRenewed = _fresh is not null && _sendPhase + 1 == _freshPhase;
        PacketKey next = isRenewed ? _send.Next(_fresh!.SendSecret) : _send.Next();
        _send.Dispose();
        _send = next;
        _sendPhase++;
        _renewal = isRenewed ? Renewal.Free : _renewal;
        _sendPhaseStart = _packetNumberMin;
        _sealedInPhase = 0;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_sendPhase - _receivePhase <= 1, "sending is in step with receiving or one phase ahead");
        Debug.Assert(_sealedInPhase <= PhasePacketsHardMax, "a phase seals no more than its hard limit");
        Debug.Assert(_receivePhase > 0 || _receivePrevious is null, "nothing comes before the first phase");
        Debug.Assert(_fresh is not null || _renewal is Renewal.Free or Renewal.Held, "who leads or follows has new secrets");
    }
}
