using System.Collections.Immutable;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Hosting;

/// <summary>The peers of the mesh as the rendezvous last listed them, this one included; replaced whole.</summary>
/// <param name="Version">Grows with every change, within this process; 0 until the first listing arrived.</param>
/// <param name="Entries">Sorted by peer id; the ticket of each has been verified.</param>
public sealed record MembershipSnapshot(ulong Version, ImmutableArray<DirectoryEntry> Entries)
{
    public static MembershipSnapshot Empty { get; } = new(0, []);
}
