using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Rendezvous.Introductions;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Darkbloom.Rendezvous.Tests.Hosting;

/// <summary>A mesh host and its membership, over the loopback interface.</summary>
internal sealed class TestPeer : IAsyncDisposable
{
    private readonly PeerIdentity _identity;

    public TestPeer(RendezvousAddress rendezvous, PeerRoles roles = PeerRoles.Node, string joinSecret = "")
    {
        _identity = TestKeys.NewIdentity();
        MeshHostOptions options = new() { Network = RendezvousHostTests.Network, PinnedPeers = [rendezvous.Key] };
        Host = MeshHost.Start(options, _identity, NullLoggerFactory.Instance);
        Membership = MeshMembership.Start(
            Host,
            new MembershipOptions { Rendezvous = rendezvous, Roles = roles, JoinSecret = joinSecret },
            NullLoggerFactory.Instance);
    }

    public MeshHost Host { get; }

    public MeshMembership Membership { get; }

    public PeerCard Card(ulong epoch = 1, string model = "tiny") => new()
    {
        PublicKey = ByteString.CopyFrom(Host.PublicKey.ToBytes()),
        Epoch = epoch,
        Roles = (uint)PeerRoles.Node,
        Models = { new ModelCard { Id = model } },
        Endpoints = { Endpoints.Of(PathAddress.From(Host.LocalEndPoint)) },
    };

    /// <summary>Waits until this peer's snapshot satisfies the condition.</summary>
    public async Task<MembershipSnapshot> WaitForAsync(Func<MembershipSnapshot, bool> condition, CancellationToken cancellationToken)
    {
        MembershipSnapshot snapshot = Membership.Snapshot;
        while (!condition(snapshot))
        {
            try
            {
                snapshot = await Membership.WaitForChangeAsync(snapshot.Version, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException(
                    $"Last seen: {snapshot.Entries.Length} entries at version {snapshot.Version}, {Membership.Status}.");
            }
        }
        return snapshot;
    }

    public static bool Lists(MembershipSnapshot snapshot, TestPeer peer) =>
        snapshot.Entries.Any(entry => entry.Card.PublicKey.Span.SequenceEqual(peer.Host.PublicKey.ToBytes()));

    public async ValueTask DisposeAsync()
    {
        await Membership.DisposeAsync();
        await Host.DisposeAsync();
        _identity.Dispose();
    }
}
