using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Rendezvous.Limits;
using Darkbloom.Rendezvous.Log;

namespace Darkbloom.Rendezvous.Tickets;

/// <summary>Everyone who was ever let in and not forgotten since; rebuilt from the journal at start.</summary>
internal sealed class EnrolmentBook(int enrolledPeersMax = RegistrarLimits.EnrolledPeersMax)
{
    private static readonly TimeSpan IdleMax = TimeSpan.FromDays(RegistrarLimits.EnrolmentIdleDaysMax);

    private readonly SortedDictionary<PeerId, Enrolment> _enrolments = [];
    private readonly SortedDictionary<PeerId, JournalRecord> _revocations = [];

    public int Count => _enrolments.Count;

    public bool IsFull => _enrolments.Count >= enrolledPeersMax;

    public Enrolment? Find(PeerId peer) => _enrolments.GetValueOrDefault(peer);

    public bool IsRevoked(PeerId peer) => _revocations.ContainsKey(peer);

    public void Put(Enrolment enrolment) => _enrolments[PeerId.Of(enrolment.Key)] = enrolment;

    /// <summary>The enrolled peers whose id begins with these hexadecimal digits.</summary>
    public IEnumerable<PeerId> FindAll(string digits) =>
        _enrolments.Keys.Where(peer => Convert.ToHexStringLower(peer.ToBytes()).StartsWith(digits, StringComparison.OrdinalIgnoreCase));

    /// <summary>Takes the enrolment back for good; null when there is none.</summary>
    public JournalRecord? Revoke(PeerId peer, UnixTime now)
    {
        if (!_enrolments.Remove(peer, out Enrolment? enrolment))
        {
            return null;
        }
        JournalRecord record = new(JournalRecordKind.Revoked, enrolment.Key, now, enrolment.Roles, enrolment.Tier, default);
        _revocations[peer] = record;
        return record;
    }

    public void Restore(JournalRecord record)
    {
        PeerId peer = PeerId.Of(record.Peer);
        if (record.Kind == JournalRecordKind.Revoked)
        {
            _ = _enrolments.Remove(peer);
            _revocations[peer] = record;
            return;
        }
        Put(new Enrolment(record.Peer, record.Roles, record.Tier, record.When, record.Envelope));
    }

    /// <summary>Forgets peers that took no ticket for a long time.</summary>
    public void ForgetIdle(UnixTime now)
    {
        foreach (PeerId peer in _enrolments.Where(e => e.Value.GrantedAt + IdleMax < now).Select(e => e.Key).ToArray())
        {
            _ = _enrolments.Remove(peer);
        }
    }

    /// <summary>The records that rebuild this book.</summary>
    public IEnumerable<JournalRecord> ToRecords(UnixTime now) =>
        _revocations.Values.Concat(_enrolments.Values.Select(enrolment => enrolment.ToRecord(now)));
}
