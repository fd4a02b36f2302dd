using Darkbloom.Rendezvous.Tickets;

namespace Darkbloom.Rendezvous;

/// <summary>What an operator decides about a network.</summary>
public sealed record RegistrarOptions(string Network, JoinPolicy Join);
