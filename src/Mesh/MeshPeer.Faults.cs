using System;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh;

/// <summary>What remains when this peer's own code fails: one session or attempt pays for it, the others go on.</summary>
public sealed partial class MeshPeer
{
    /// <summary>Set while a call works on one session or attempt, so that a fault has an owner.</summary>
    private IDeadline? _atWork;

    /// <summary>To be called when another method of this peer has thrown: gives up what that call was working on.</summary>
    /// <remarks>
    /// A session is closed with <see cref="TransportErrorCode.Internal"/>, so that its peer need not wait for the idle
    /// timeout; one that fails again while it closes is forgotten on the spot. So each session fails at most twice, and
    /// whoever repeats a call that threw comes to an end.
    /// </remarks>
    /// <param name="session">The session that the driver was working on; null when this peer was at work.</param>
    public void OnFault(Instant now, MeshSession? session = null)
    {
        IDeadline? failed = session ?? _atWork;
        _atWork = null;
        _counters.Faults++;
        switch (failed)
        {
            case MeshSession { IsGone: false } open:
                Fail(now, open);
                break;
            case ConnectAttempt attempt:
                Settle(attempt);
                Fail(attempt.Target.Number, ConnectFailure.InternalFault);
                break;
            default:
                break; // a stranger's datagram: it is dropped, and nothing was kept of it
        }
    }

    private void Fail(Instant now, MeshSession session)
    {
        if (!session.IsHalfOpen && !session.HasFailed)
        {
            session.HasFailed = true;
            try
            {
                session.Connection.Fail(now);
                Touch(session);
                return;
            }
            catch (Exception)
            {
                // What can't even be closed is forgotten.
            }
        }
        bool isUntold = !session.IsHalfOpen && session.Connection.CloseReason is null;
        Forget(session);
        if (isUntold)
        {
            ConnectionEvent closed = new(ConnectionEventKind.Closed, Reason: Connection.InternalFault);
            _events.Enqueue(new PeerEvent(PeerEventKind.Session, session, Event: closed));
        }
    }
}
