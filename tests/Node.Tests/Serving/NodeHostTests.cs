using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Node.Serving;
using Darkbloom.Protocol.Identity;
using Darkbloom.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Darkbloom.Node.Tests.Serving;

public sealed class NodeHostTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly string _state = Directory.CreateTempSubdirectory("darkbloom-node-").FullName;
    private readonly TestNetwork _network = new();

    [Fact]
    public async Task A_node_listens_without_its_rendezvous_keeps_its_identity_and_stops_in_time()
    {
        await using Member nobody = _network.Start(PeerRoles.None);
        PeerId first;
        await using (NodeHost node = Start(nobody, new IPEndPoint(IPAddress.Loopback, 0)))
        {
            first = node.Id;
            Assert.Equal("tiny", node.ModelId);
            Assert.NotEqual(0, node.LocalEndPoint.Port);
            Assert.False(node.Ready.IsCompletedSuccessfully);
        }

        NodeHost second = Start(nobody, new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal(first, second.Id);
        await second.DisposeAsync().AsTask().WaitAsync(_patience);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task A_port_in_use_is_an_error_of_the_start()
    {
        await using Member other = _network.Start(PeerRoles.None);

        _ = Assert.Throws<SocketException>(() => Start(other, other.Host.LocalEndPoint));
    }

    public void Dispose()
    {
        _network.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    private NodeHost Start(Member rendezvous, IPEndPoint bind)
    {
        NodeOptions options = new()
        {
            Network = TestNetwork.Name,
            Bind = bind,
            StateDirectory = _state,
            Rendezvous = new RendezvousAddress(rendezvous.Host.PublicKey, "127.0.0.1", rendezvous.Host.LocalEndPoint.Port),
        };
        ScriptedEngine engine = new(static (_, token) => Script.SayAsync(Script.Answer(1), token));
        return NodeHost.Start(options, engine, new ServingLimits(), NullLoggerFactory.Instance);
    }
}
