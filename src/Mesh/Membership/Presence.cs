using System;
using Darkbloom.Protocol.Presence;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Membership;

/// <summary>A peer that this one believes in.</summary>
/// <param name="CardBytes">The card as its holder signed it, to hand on to others who verify for themselves.</param>
public sealed record Presence(PresenceCard Card, ReadOnlyMemory<byte> CardBytes, VerifiedTicket Ticket);
