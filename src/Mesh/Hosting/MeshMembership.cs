using System;
using System.Collections.Immutable;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Microsoft.Extensions.Logging;
namespace Darkbloom.Mesh.Hosting;
/// <summary>What a peer needs to know of its rendezvous: "&lt;128 hex digits of its key&gt;@host:port".</summary>
public sealed record RendezvousAddress(PublicKey Key, string Host, int Port)
{
    public static bool TryParse(string text, out RendezvousAddress? address) => throw new NotImplementedException();
}
public sealed record MembershipOptions
{
    public required RendezvousAddress Rendezvous { get; init; }
    public required PeerRoles Roles { get; init; }
    public string JoinSecret { get; init; } = "";
}
/// <summary>The peers of the mesh as the rendezvous last listed them; replaced whole.</summary>
public sealed record MembershipSnapshot(ulong Version, ImmutableArray<DirectoryEntry> Entries)
{
    public static MembershipSnapshot Empty { get; } = new(0, []);
}
/// <summary>Keeps this peer a member: enrols, renews its ticket, publishes its card, follows the directory, reconnects.</summary>
public sealed class MeshMembership : IAsyncDisposable
{
    /// <summary>Starts in the background; a rendezvous that is down is retried with backoff, never an exception.</summary>
    public static MeshMembership Start(MeshHost host, MembershipOptions options, ILoggerFactory loggers) => throw new NotImplementedException();
    /// <summary>Completes once a ticket was granted.</summary>
    public Task Enrolled => throw new NotImplementedException();
    public bool IsEnrolled => throw new NotImplementedException();
    public MembershipSnapshot Snapshot => throw new NotImplementedException();
    /// <summary>Completes when a snapshot newer than the given version exists.</summary>
    public Task<MembershipSnapshot> WaitForChangeAsync(ulong knownVersion, CancellationToken cancellationToken) => throw new NotImplementedException();
    /// <summary>Publishes the card now and after every reconnect; the newest epoch wins.</summary>
    public void Publish(PeerCard card) => throw new NotImplementedException();
    /// <summary>Endpoints of a peer, after asking the rendezvous to introduce us; empty when it doesn't know the peer.</summary>
    public ValueTask<ImmutableArray<Endpoint>> IntroduceAsync(PeerId peer, CancellationToken cancellationToken) => throw new NotImplementedException();
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
