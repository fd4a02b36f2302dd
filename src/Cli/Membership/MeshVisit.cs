using System;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Microsoft.Extensions.Logging.Abstractions;

namespace Darkbloom.Cli.Membership;

/// <summary>Joins a mesh for a moment under a key that is thrown away, to see who is there.</summary>
internal sealed class MeshVisit : IAsyncDisposable
{
    private readonly PeerIdentity _identity;
    private readonly MeshHost _host;
    private readonly MeshMembership _membership;

    private MeshVisit(PeerIdentity identity, MeshHost host, MeshMembership membership)
    {
        _identity = identity;
        _host = host;
        _membership = membership;
    }

    /// <summary>Joins as <paramref name="invitation"/> says.</summary>
    /// <exception cref="InvalidOperationException">The rendezvous did not take this peer in within <paramref name="patience"/>.</exception>
    public static async Task<MeshVisit> JoinAsync(MeshInvitation invitation, TimeSpan patience, CancellationToken cancellationToken)
    {
        RendezvousAddress rendezvous = invitation.Rendezvous;
        PeerIdentity identity = CreateIdentity();
        MeshHost host = MeshHost.Start(
            new MeshHostOptions { Network = invitation.Network, Bind = invitation.Bind, PinnedPeers = [rendezvous.Key] },
            identity,
            NullLoggerFactory.Instance);
        MeshMembership membership = MeshMembership.Start(
            host,
            new MembershipOptions { Rendezvous = rendezvous, Roles = PeerRoles.Gateway, JoinSecret = invitation.JoinSecret },
            NullLoggerFactory.Instance);
        MeshVisit visit = new(identity, host, membership);
        try
        {
            await membership.Enrolled.WaitAsync(patience, cancellationToken);
            return visit;
        }
        catch (TimeoutException)
        {
            await visit.DisposeAsync();
            throw new InvalidOperationException(
                $"The rendezvous at {rendezvous.Host}:{rendezvous.Port} did not let this peer in within {patience.TotalSeconds:0} s. "
                + "Is it running, is the key before the @ its key, is the join secret right, and do both clocks agree?");
        }
        catch
        {
            await visit.DisposeAsync();
            throw;
        }
    }

    /// <summary>The directory, this peer left out; null when none came within <paramref name="patience"/>.</summary>
    public async Task<DirectoryEntry[]?> DirectoryAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        MembershipSnapshot snapshot = _membership.Snapshot;
        if (snapshot.Version == MembershipSnapshot.Empty.Version)
        {
            try
            {
                snapshot = await _membership.WaitForChangeAsync(snapshot.Version, cancellationToken).WaitAsync(patience, cancellationToken);
            }
            catch (TimeoutException)
            {
                return null;
            }
        }

        byte[] self = _host.PublicKey.ToBytes();
        return [.. snapshot.Entries.Where(entry => !entry.Card.PublicKey.Span.SequenceEqual(self))];
    }

    public async ValueTask DisposeAsync()
    {
        await _membership.DisposeAsync();
        await _host.DisposeAsync();
        _identity.Dispose();
    }

    private static PeerIdentity CreateIdentity()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] exported = key.ExportPkcs8PrivateKey();
        try
        {
            return PeerIdentity.Import(exported);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(exported);
        }
    }
}

/// <summary>What a peer has to know to join.</summary>
internal sealed record MeshInvitation(RendezvousAddress Rendezvous, string Network, IPEndPoint Bind, string JoinSecret)
{
    /// <summary>Leaves the join secret out.</summary>
    public override string ToString() => $"{Network} at {Rendezvous}";
}
