using Darkbloom.Rendezvous.Limits;
using Darkbloom.Rendezvous.Tickets;

namespace Darkbloom.Rendezvous;

/// <summary>What an operator decides about a network.</summary>
public sealed record RegistrarOptions(string Network, JoinPolicy Join)
{
    /// <summary>Peers that follow notices at a time.</summary>
    public int SubscriptionsMax { get; init; } = RegistrarLimits.SubscriptionsMax;
}
