namespace Darkbloom.Mesh.Peering;

/// <summary>Codes that a peer itself puts into resets and closes; 0xDB00 to 0xDBFF are reserved for them.</summary>
public static class PeerCodes
{
    /// <summary>The stream or session was given up before it was finished.</summary>
    public const ulong Abandoned = 0;

    /// <summary>The side that was asked has no room for another stream or session.</summary>
    public const ulong Busy = 0xDB01;

    /// <summary>The peer's process is stopping.</summary>
    public const ulong Stopping = 0xDB02;

    /// <summary>The other side's ticket was not accepted.</summary>
    public const ulong TicketRejected = 0xDB03;

    /// <summary>The other side's ticket has expired, and no renewal of the session brought another.</summary>
    public const ulong TicketExpired = 0xDB04;
}
