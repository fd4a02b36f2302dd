namespace Darkbloom.Protocol.Presence;

/// <summary>How a peer can be reached, as its card says (docs/protocol.md, section 8.14).</summary>
public enum Reachability
{
    /// <summary>It doesn't know.</summary>
    Unknown = 0,

    /// <summary>At its address, by anybody.</summary>
    Direct = 1,

    /// <summary>At its address, once it was told who comes.</summary>
    Punched = 2,

    /// <summary>By its relay only.</summary>
    Relayed = 3,
}
