using System;
using System.Diagnostics;
using Darkbloom.Protocol.Handshake;

namespace Darkbloom.Protocol.Packets;

/// <summary>Seals and opens the packets of one session, phase after phase of keys (docs/protocol.md, section 5).</summary>
/// <remarks>
/// Both directions share a phase number, of which a packet carries the lowest bit.
/// <code>
/// in step        -> [TryAdvancePhase]              -> sending ahead   the peer acknowledged a packet of this phase
/// in step        -> [packet of the next phase]     -> in step         the peer advanced: this side follows at once
/// in step        -> [the same, nothing sealed yet] -> refused         the peer can't have an acknowledgement of this phase
/// sending ahead  -> [packet of the next phase]     -> in step         the peer followed
/// sending ahead  -> [TryAdvancePhase]              -> refused         one bit tells two phases apart, not three
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
    private ulong _receivePhaseStart = ulong.MaxValue;

    public PacketProtector(SessionKeys keys)
        : this(keys, sealedInPhase: 0)
    {
    }

    /// <summary>Begins with so many packets behind it, so that a test meets the limits without sealing millions.</summary>
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

    /// <summary>Time to call <see cref="TryAdvancePhase"/>.</summary>
    public bool IsPhaseSpent => _sealedInPhase >= PhasePacketsMax;

    /// <summary>Packets whose tag did not fit, or whose phase could not have begun yet.</summary>
    public ulong ForgedPackets { get; private set; }

    /// <summary>
    /// Writes ciphertext and tag; false when the phase has no packet left, which closes the session.
    /// </summary>
    /// <exception cref="ArgumentException">The packet number does not exceed all before it, or the target is short.</exception>
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

    /// <summary>Writes the plaintext, a tag shorter than the ciphertext; false for a forged or mangled packet.</summary>
    public bool TryOpen(
        ulong packetNumber, byte keyPhase, ReadOnlySpan<byte> header, ReadOnlySpan<byte> ciphertext, Span<byte> plaintextTarget)
    {
        AssertInvariants();
        if (ciphertext.Length < TagSize || plaintextTarget.Length < ciphertext.Length - TagSize)
        {
            ForgedPackets++;
            return false;
        }

        bool ofPresent = (keyPhase & 1) == (byte)(_receivePhase & 1);
        bool ofPast = !ofPresent && packetNumber < _receivePhaseStart && _receivePrevious is not null;
        PacketKey? key = ofPresent ? _receive : ofPast ? _receivePrevious : MayFollow ? _receiveNext : null;
        if (key is null || !key.TryOpen(packetNumber, header, ciphertext, plaintextTarget))
        {
            ForgedPackets++;
            return false;
        }

        if (!ofPresent && !ofPast)
        {
            FollowPeer();
        }

        if (!ofPast)
        {
            _receivePhaseStart = Math.Min(_receivePhaseStart, packetNumber);
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
        if (_sendPhase != _receivePhase || largestAcknowledged < _sendPhaseStart || largestAcknowledged >= _packetNumberMin)
        {
            return false;
        }

        AdvanceSend();
        return true;
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
    }

    /// <summary>
    /// A peer advances only on an acknowledgement from this phase, so it can't before this side sealed one; without
    /// this check a peer could have new keys derived for every packet that it sends.
    /// </summary>
    private bool MayFollow => _sendPhase != _receivePhase || _packetNumberMin > _sendPhaseStart;

    private void FollowPeer()
    {
        _receivePrevious?.Dispose();
        _receivePrevious = _receive;
        _receive = _receiveNext;
        _receiveNext = _receive.Next();
        _receivePhase++;
        _receivePhaseStart = ulong.MaxValue;
        if (_sendPhase < _receivePhase)
        {
            AdvanceSend();
        }
    }

    private void AdvanceSend()
    {
        PacketKey next = _send.Next();
        _send.Dispose();
        _send = next;
        _sendPhase++;
        _sendPhaseStart = _packetNumberMin;
        _sealedInPhase = 0;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_sendPhase - _receivePhase <= 1, "sending is in step with receiving or one phase ahead");
        Debug.Assert(_sealedInPhase <= PhasePacketsHardMax, "a phase seals no more than its hard limit");
        Debug.Assert(_receivePhase > 0 || _receivePrevious is null, "nothing comes before the first phase");
    }
}
