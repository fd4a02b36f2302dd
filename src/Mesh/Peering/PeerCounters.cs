namespace Darkbloom.Mesh.Peering;

/// <summary>What a peer has counted since it was made. What a stranger sends is counted, never logged.</summary>
public record struct PeerCounters
{
    /// <summary>Handshakes that this peer began and that succeeded.</summary>
    public long HandshakesInitiated { get; internal set; }

    /// <summary>Handshakes that another peer began and confirmed.</summary>
    public long HandshakesAccepted { get; internal set; }

    /// <summary>Handshakes within a session that brought fresh keys, whoever asked for them.</summary>
    public long SessionsRenewed { get; internal set; }

    /// <summary>Attempts of this peer that failed, for whatever reason.</summary>
    public long HandshakesFailed { get; internal set; }

    /// <summary>Inits answered, confirmed or not.</summary>
    public long InitsAnswered { get; internal set; }

    /// <summary>Repeated Inits that got the answer of the first one again.</summary>
    public long InitsRepeated { get; internal set; }

    /// <summary>Inits whose sender does not know this peer's key: dropped for the price of a hash.</summary>
    public long InitsWithoutMac { get; internal set; }

    /// <summary>Inits with a right mac whose Noise message is not to this peer, or not under this header.</summary>
    public long InitsForged { get; internal set; }

    /// <summary>Inits older than another of the same peer: recorded by someone and sent again, or overtaken.</summary>
    public long InitsReplayed { get; internal set; }

    /// <summary>Inits that were told to come again with a cookie.</summary>
    public long RetriesSent { get; internal set; }

    /// <summary>Inits dropped because their network prefix asked too often.</summary>
    public long InitsRateLimited { get; internal set; }

    /// <summary>Inits dropped because too many sessions wait for their confirmation.</summary>
    public long InitsOverHalfOpenMax { get; internal set; }

    /// <summary>Inits dropped because this peer has as many sessions as it may.</summary>
    public long InitsOverSessionsMax { get; internal set; }

    /// <summary>Inits left unanswered because this peer's own handshake with the sender goes first.</summary>
    public long InitsYieldedToOwn { get; internal set; }

    /// <summary>Peers turned away because of their ticket, in either role.</summary>
    public long TicketsRejected { get; internal set; }

    /// <summary>Answered sessions that their initiator never confirmed.</summary>
    public long HalfOpenExpired { get; internal set; }

    /// <summary>Datagrams that are no packet of this protocol.</summary>
    public long DatagramsMalformed { get; internal set; }

    /// <summary>Packets for a session or a handshake that this peer does not know.</summary>
    public long DatagramsUnknown { get; internal set; }

    /// <summary>Calls that this peer's own code failed in; each cost at most one session.</summary>
    public long Faults { get; internal set; }
}
