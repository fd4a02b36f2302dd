using System;

namespace Darkbloom.Protocol.Identity;

/// <summary>What a ticket lets its holder do (docs/protocol.md, section 3).</summary>
[Flags]
public enum PeerRoles
{
    None = 0,
    Node = 1,
    Gateway = 2,
    Relay = 4,
    Rendezvous = 8,
}
