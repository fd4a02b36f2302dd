using System;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Membership;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Rendezvous.Hosting;
using Darkbloom.Rendezvous.Introductions;
using Darkbloom.Rendezvous.Tickets;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Darkbloom.Rendezvous.Tests.Hosting;

/// <summary>A real rendezvous and real peers: sockets, handshakes, files.</summary>
public sealed class RendezvousHostTests : IDisposable
{
    public const string Network = "test";
    private const string Secret = "correct horse";

    private readonly TemporaryDirectory _directory = new();
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));

    private CancellationToken Deadline => _deadline.Token;

    public void Dispose()
    {
        _deadline.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Two_peers_enrol_publish_and_find_each_other()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        await using TestPeer node = new(rendezvous.Address, joinSecret: Secret);
        await using TestPeer gateway = new(rendezvous.Address, PeerRoles.Gateway, Secret);
        await node.Membership.Enrolled.WaitAsync(Deadline);
        node.Membership.Publish(node.Card());
        await node.Membership.Published.WaitAsync(Deadline);
        MembershipSnapshot snapshot = await gateway.WaitForAsync(seen => TestPeer.Lists(seen, node), Deadline);
        Assert.Equal(node.Card(), Assert.Single(snapshot.Entries).Card);
        Assert.True(gateway.Membership.IsEnrolled);
        Assert.Equal(new MembershipStatus(MembershipStage.Joined, ""), gateway.Membership.Status);
    }

    [Fact]
    public async Task Later_changes_reach_followers_by_notice()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        await using TestPeer gateway = new(rendezvous.Address, PeerRoles.Gateway, Secret);
        await gateway.WaitForAsync(seen => seen.Version > 0, Deadline);
        TestPeer node = new(rendezvous.Address, joinSecret: Secret);
        node.Membership.Publish(node.Card());
        await gateway.WaitForAsync(seen => TestPeer.Lists(seen, node), Deadline);
        node.Membership.Publish(node.Card(epoch: 2, model: "other"));
        await gateway.WaitForAsync(seen => seen.Entries.Any(entry => entry.Card.Models[0].Id == "other"), Deadline);

        // A peer that stops takes its card along.
        await node.DisposeAsync();
        await gateway.WaitForAsync(seen => seen.Entries.IsEmpty, Deadline);
    }

    [Fact]
    public async Task An_introduction_reaches_both_sides_and_leads_to_a_session()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        await using TestPeer node = new(rendezvous.Address, joinSecret: Secret);
        await using TestPeer gateway = new(rendezvous.Address, PeerRoles.Gateway, Secret);
        node.Membership.Publish(node.Card());
        await gateway.WaitForAsync(seen => TestPeer.Lists(seen, node), Deadline);
        await node.WaitForAsync(seen => TestPeer.Lists(seen, node), Deadline);

        ImmutableArray<Endpoint> endpoints = await IntroduceUntilNoticedAsync(gateway, node);
        Assert.Equal(Endpoints.Of(PathAddress.From(node.Host.LocalEndPoint)), Assert.Single(endpoints));
        await using MeshConnection connection = await gateway.Host.ConnectAsync(node.Host.PublicKey, node.Host.LocalEndPoint, Deadline);
        Assert.Equal(PeerRoles.Node, connection.RemoteTicket!.Ticket.Roles);
        Assert.Empty(await gateway.Membership.IntroduceAsync(gateway.Host.Id, Deadline));
    }

    [Fact]
    public async Task A_wrong_secret_is_reported_and_leaves_the_peer_outside()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        await using TestPeer stranger = new(rendezvous.Address, joinSecret: "wrong");
        await stranger.Membership.WaitForStatusAsync(status => status.Fault.Length > 0, Deadline);
        Assert.Contains("join secret", stranger.Membership.Status.Fault, StringComparison.Ordinal);
        Assert.False(stranger.Membership.Enrolled.IsCompleted);
        Assert.False(stranger.Membership.IsEnrolled);
        Assert.Equal(MembershipStage.Joining, stranger.Membership.Status.Stage);
    }

    [Fact]
    public async Task A_restart_of_the_rendezvous_loses_no_ticket_and_no_key()
    {
        RendezvousHost first = await StartAsync();
        RendezvousAddress address = first.Address;
        IPEndPoint bind = first.LocalEndPoint;
        await using TestPeer node = new(address, joinSecret: Secret);
        await using TestPeer gateway = new(address, PeerRoles.Gateway, Secret);
        node.Membership.Publish(node.Card());
        await gateway.WaitForAsync(seen => TestPeer.Lists(seen, node), Deadline);
        await first.DisposeAsync();

        // While it is down, peers keep their tickets, their directory, and talk to each other.
        await gateway.Membership.WaitForStatusAsync(status => status.Stage is MembershipStage.Away or MembershipStage.Connecting, Deadline);
        Assert.True(TestPeer.Lists(gateway.Membership.Snapshot, node));
        Assert.True(gateway.Membership.IsEnrolled);
        await TalkAsync(gateway, node);
        Assert.Equal(
            Endpoints.Of(PathAddress.From(node.Host.LocalEndPoint)),
            Assert.Single(await gateway.Membership.IntroduceAsync(node.Host.Id, Deadline)));

        // Another join secret shows that nobody had to enrol again: enrolments and tickets are remembered.
        await using RendezvousHost second = await StartAsync(bind, "another secret");
        Assert.Equal(address, second.Address);
        await gateway.Membership.WaitForStatusAsync(status => status.Stage == MembershipStage.Joined, Deadline);
        await node.Membership.WaitForStatusAsync(status => status.Stage == MembershipStage.Joined, Deadline);
        Assert.True(TestPeer.Lists(gateway.Membership.Snapshot, node));
        using HttpClient http = new();
        string metrics;
        do
        {
            metrics = await http.GetStringAsync(new Uri(second.HttpAddress!, "metrics"), Deadline);
        }
        while (!metrics.Contains("darkbloom_rendezvous_cards 1\n", StringComparison.Ordinal));
        Assert.Contains("darkbloom_rendezvous_enrolled_peers 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("darkbloom_rendezvous_tickets_total 0\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_waits_for_a_rendezvous_that_starts_later()
    {
        RendezvousHost first = await StartAsync();
        (RendezvousAddress address, IPEndPoint bind) = (first.Address, first.LocalEndPoint);
        await first.DisposeAsync();
        await using TestPeer node = new(address, joinSecret: Secret);
        Assert.False(node.Membership.Enrolled.IsCompleted);
        await using RendezvousHost second = await StartAsync(bind);
        await node.Membership.Enrolled.WaitAsync(Deadline);
    }

    [Fact]
    public async Task A_revoked_peer_disappears_for_the_others()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        await using TestPeer node = new(rendezvous.Address, joinSecret: Secret);
        await using TestPeer gateway = new(rendezvous.Address, PeerRoles.Gateway, Secret);
        node.Membership.Publish(node.Card());
        await gateway.WaitForAsync(seen => TestPeer.Lists(seen, node), Deadline);
        Assert.Equal(Revocation.Revoked, await RevokeAsync(node));
        await gateway.WaitForAsync(seen => seen.Entries.IsEmpty, Deadline);
        Assert.Equal(Revocation.Unknown, await RevokeAsync(node));
    }

    [Fact]
    public async Task A_peer_can_be_revoked_while_no_rendezvous_runs()
    {
        RendezvousHost first = await StartAsync();
        IPEndPoint bind = first.LocalEndPoint;
        await using TestPeer node = new(first.Address, joinSecret: Secret);
        await node.Membership.Enrolled.WaitAsync(Deadline);
        await first.DisposeAsync();
        Assert.Equal(Revocation.Revoked, await RevokeAsync(node));

        await using RendezvousHost second = await StartAsync(bind);
        Assert.Equal(Revocation.Unknown, await RevokeAsync(node));
        await using TestPeer again = new(second.Address, joinSecret: Secret);
        await again.Membership.Enrolled.WaitAsync(Deadline);
    }

    [Fact]
    public async Task Where_no_rendezvous_ever_ran_nobody_is_revoked()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        RendezvousOptions elsewhere = new() { StateDirectory = _directory.Sub("elsewhere") };
        _ = await Assert.ThrowsAsync<IOException>(() => RendezvousHost.RevokeAsync(elsewhere, "00000000", Deadline));
        Assert.False(System.IO.Directory.Exists(elsewhere.StateDirectory));
    }

    [Fact]
    public async Task Health_is_answered_over_HTTP()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        using HttpClient http = new() { BaseAddress = rendezvous.HttpAddress };
        Assert.Equal("ok\n", await http.GetStringAsync(new Uri("/healthz", UriKind.Relative), Deadline));
        Assert.Equal("ready\n", await http.GetStringAsync(new Uri("/readyz", UriKind.Relative), Deadline));
        using HttpResponseMessage missing = await http.GetAsync(new Uri("/tickets", UriKind.Relative), Deadline);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task One_state_directory_has_one_rendezvous()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        IOException refused = await Assert.ThrowsAsync<IOException>(() => StartAsync());
        Assert.Contains("in use", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_and_state_belong_to_their_owner_alone()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
                | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
            string state = _directory.Sub("state");
            Assert.Equal(default, File.GetUnixFileMode(state) & others);
            Assert.Equal(default, File.GetUnixFileMode(Path.Combine(state, "identity.key")) & others);
            Assert.Equal(default, File.GetUnixFileMode(Path.Combine(state, "ticket", "identity.key")) & others);
        }
    }

    [Fact]
    public void Options_keep_the_secret_to_themselves()
    {
        Assert.DoesNotContain(Secret, new RendezvousOptions { StateDirectory = "x", JoinSecret = Secret }.ToString(), StringComparison.Ordinal);
        RendezvousAddress address = new(TestKeys.NewPublicKey(), "host", 1);
        MembershipOptions options = new() { Rendezvous = address, Roles = PeerRoles.Node, JoinSecret = Secret };
        Assert.DoesNotContain(Secret, options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, new MembershipProfile(Network, address.Key, PeerRoles.Node, Secret).ToString(), StringComparison.Ordinal);
    }

    private Task<Revocation> RevokeAsync(TestPeer peer) => RendezvousHost.RevokeAsync(
        new RendezvousOptions { Network = Network, StateDirectory = _directory.Sub("state") }, peer.Host.Id.ToString(), Deadline);

    private Task<RendezvousHost> StartAsync(IPEndPoint? bind = null, string joinSecret = Secret) => RendezvousHost.StartAsync(
        new RendezvousOptions
        {
            Network = Network,
            Bind = bind ?? new IPEndPoint(IPAddress.Loopback, 0),
            StateDirectory = _directory.Sub("state"),
            JoinSecret = joinSecret,
            HttpBind = new IPEndPoint(IPAddress.Loopback, 0),
        },
        NullLoggerFactory.Instance,
        Deadline);

    /// <summary>The notice is only sent to a peer whose subscription has arrived, so the first introductions may lack it.</summary>
    private async Task<ImmutableArray<Endpoint>> IntroduceUntilNoticedAsync(TestPeer from, TestPeer to)
    {
        while (true)
        {
            ImmutableArray<Endpoint> endpoints = await from.Membership.IntroduceAsync(to.Host.Id, Deadline);
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(Deadline);
            patience.CancelAfter(TimeSpan.FromSeconds(1));
            try
            {
                Introduction introduction = await to.Membership.Introductions.ReadAsync(patience.Token);
                Assert.Equal(from.Host.Id, introduction.Peer);
                Assert.Equal(Endpoints.Of(PathAddress.From(from.Host.LocalEndPoint)), Assert.Single(introduction.Endpoints));
                return endpoints;
            }
            catch (OperationCanceledException) when (!Deadline.IsCancellationRequested)
            {
                // Not subscribed yet: introduce again.
            }
        }
    }

    private async Task TalkAsync(TestPeer from, TestPeer to)
    {
        await using MeshConnection outgoing = await from.Host.ConnectAsync(to.Host.PublicKey, to.Host.LocalEndPoint, Deadline);
        await using MeshConnection incoming = await to.Host.AcceptConnectionAsync(Deadline);
        await using MeshStream sent = await outgoing.OpenStreamAsync(StreamPriority.Tokens, Deadline);
        await sent.WriteAsync("hello"u8.ToArray(), Deadline);
        await using MeshStream received = await incoming.AcceptStreamAsync(Deadline);
        byte[] buffer = new byte[5];
        await received.ReadExactlyAsync(buffer, Deadline);
        Assert.Equal("hello"u8.ToArray(), buffer);
    }
}
