using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Mesh.Transport;

/// <summary>New handshakes within the session: their messages travel as frames, their secrets begin a key phase.</summary>
/// <remarks>The owner knows identities and tickets, so it makes the messages and reads them; here they only arrive.</remarks>
public sealed partial class Connection
{
    private static readonly TransportViolation s_twoHandshakes =
        new(TransportErrorCode.ProtocolViolation, "two handshake messages at once");

    /// <summary>The newest message of this side, until it is acknowledged.</summary>
    private HandshakeMessage? _handshakeSent;
    private ulong _handshakesSent;
    private bool _isHandshakePending;
    private HandshakeMessage? _handshakeReceived;

    /// <summary>No new handshake is under way, and none has secrets that wait for their phase.</summary>
    internal bool IsRenewalOver => _protector.IsRenewalOver;

    /// <summary>Takes the message that the last packet brought; null when it brought none, or broke a rule as well.</summary>
    internal HandshakeMessage? TakeHandshake()
    {
        HandshakeMessage? message = State == ConnectionState.Open ? _handshakeReceived : null;
        _handshakeReceived = null;
        return message;
    }

    /// <summary>Asks the peer for a new handshake; from now on this side begins no key phase.</summary>
    internal void AskForRenewal(HandshakeMessage question)
    {
        _protector.Hold();
        Send(question);
    }

    /// <summary>Answers the peer's question, in place of a question of this side.</summary>
    /// <param name="keys">The connection's from now on; null when the answer is a refusal.</param>
    internal void AnswerRenewal(HandshakeMessage answer, SessionKeys? keys)
    {
        if (keys is not null)
        {
            _protector.RenewAndFollow(keys);
        }
        else if (!_protector.IsRenewalOver)
        {
            _protector.Release();
        }
        Send(answer);
    }

    /// <summary>Takes what the answer to this side's question brought.</summary>
    /// <param name="keys">The connection's from now on; null when the answer was a refusal.</param>
    internal void CompleteRenewal(SessionKeys? keys)
    {
        if (keys is null)
        {
            _protector.Release();
            return;
        }
        _protector.RenewAndLead(keys);
        _isPingPending = true; // the next phase begins when a packet of this one is acknowledged
    }

    /// <summary>Closes for what the owner found in a message of the peer.</summary>
    internal void Violate(Instant now, string reason)
    {
        if (State == ConnectionState.Open)
        {
            CloseReason because = new(CloseCause.LocalTransport, (ulong)TransportErrorCode.ProtocolViolation, reason);
            BeginClosing(now, CloseOrigin.Transport, because);
        }
    }

    private void Send(HandshakeMessage message)
    {
        _handshakeSent = message;
        _handshakesSent++;
        _isHandshakePending = true;
    }

    private TransportViolation? ReceiveHandshake(FrameType type, ref WireReader reader)
    {
        if (!HandshakeFrame.TryRead(type, ref reader, out HandshakeFrame frame))
        {
            return s_malformed;
        }
        if (_handshakeReceived is not null)
        {
            return s_twoHandshakes;
        }
        _handshakeReceived = new HandshakeMessage(frame.IsAnswer, frame.Round, frame.Message.ToArray());
        return null;
    }

    private void WriteHandshake(ref WireWriter writer, ref int list)
    {
        if (!_isHandshakePending || _handshakeSent is not { } message)
        {
            return;
        }
        HandshakeFrame frame = new(message.IsAnswer, message.Round, message.Bytes);
        if (frame.Length <= writer.Remaining)
        {
            frame.Write(ref writer);
            _isHandshakePending = false;
            list = _recovery.Frames.Add(list, new SentFrame(SentFrameKind.Handshake, Value: _handshakesSent));
        }
    }

    private void OnHandshakeAcknowledged(in SentFrame frame)
    {
        if (frame.Kind == SentFrameKind.Handshake && frame.Value == _handshakesSent)
        {
            _handshakeSent = null;
            _isHandshakePending = false;
        }
    }

    private void OnHandshakeLost(ulong number) =>
        _isHandshakePending |= number == _handshakesSent && _handshakeSent is not null;
}

/// <summary>A Noise message that a HANDSHAKE frame carries.</summary>
internal sealed record HandshakeMessage(bool IsAnswer, ulong Round, byte[] Bytes);
