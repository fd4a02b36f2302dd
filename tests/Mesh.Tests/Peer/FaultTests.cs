using System;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

public sealed class FaultTests
{
    private static readonly LinkModel _perfect = new() { Latency = TimeSpan.FromMilliseconds(10) };

    [Fact]
    public void A_session_that_the_driver_gives_up_is_closed_and_told()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(1);

        server.Do(() => server.Core.OnFault(world.World.Now, world.Accepted(server)));
        world.Run(1);

        CloseReason expected = new(CloseCause.LocalTransport, (ulong)TransportErrorCode.Internal, "an internal fault");
        Assert.Equal(expected, world.Closed(server));
        Assert.Equal(expected with { Cause = CloseCause.RemoteTransport }, world.Closed(client));
        Assert.Equal(1, server.Core.Counters.Faults);
    }

    [Fact]
    public void A_session_that_fails_again_while_it_closes_is_forgotten()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(1);
        MeshSession session = world.Accepted(server);

        server.Core.OnFault(world.World.Now, session);
        server.Do(() => server.Core.OnFault(world.World.Now, session));

        Assert.Equal(0, server.Core.SessionCount);
        Assert.Equal((ulong)TransportErrorCode.Internal, world.Closed(server)!.Code);
        Assert.Null(Record.Exception(() => server.Do(() => server.Core.OnFault(world.World.Now, session))));
    }

    [Fact]
    public void A_fault_without_a_session_costs_none()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(1);

        server.Do(() => server.Core.OnFault(world.World.Now));
        world.Run(1);

        Assert.Equal(1, server.Core.SessionCount);
        Assert.DoesNotContain(world.Told(server), e => e.Event.Kind == ConnectionEventKind.Closed);
    }
}
