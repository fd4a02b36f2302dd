using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Rendezvous;

/// <summary>A notice for one subscriber.</summary>
public readonly record struct AddressedNotice(PeerId Subscriber, RendezvousNotice Notice);
