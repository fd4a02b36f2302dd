using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Tests.Support;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Darkbloom.Gateway.Tests.Dispatching;

/// <summary>A gateway's client of the mesh, and scripted nodes that it reaches over real UDP on loopback.</summary>
internal sealed class ClientFixture : IAsyncDisposable
{
    /// <summary>A test that waits longer has failed; no passing test comes near it.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _patienceEnds = new(_patience);
    private readonly TestNetwork _network = new();
    private readonly Member _gateway;
    private int _seed;

    public ClientFixture(DispatchPolicy? policy = null)
    {
        _gateway = _network.Start(PeerRoles.Gateway);
        Connections = new NodeConnections(
            _gateway.Host, static (_, _) => ValueTask.FromResult(ImmutableArray<Endpoint>.Empty), Time, NullLoggerFactory.Instance);
        Client = new MeshInferenceClient(
            Connections, policy ?? new DispatchPolicy(), () => new Prng((ulong)++_seed), NullLoggerFactory.Instance);
    }

    public List<TestNode> Nodes { get; } = [];

    /// <summary>The gateway's clock; its network keeps real time.</summary>
    public ManualTime Time { get; } = new();

    public NodeConnections Connections { get; }

    public MeshInferenceClient Client { get; }

    public CancellationToken Patience => _patienceEnds.Token;

    public static GenerateRequest Prompt(string content = "hello", string model = "tiny", uint outputTokensMax = 10)
    {
        GenerateRequest prompt = new()
        {
            RequestId = ByteString.CopyFrom(new byte[InferenceLimits.RequestIdBytes]),
            Model = model,
            OutputTokensMax = outputTokensMax,
            Choices = 1,
            Sampling = new Sampling { Temperature = 1, TopP = 1 },
        };
        prompt.Messages.Add(new ChatMessage { Role = "user", Content = content });
        return prompt;
    }

    /// <summary>A gateway with one connected node for each script.</summary>
    public static Task<ClientFixture> WithAsync(params Func<NodeStream, Task>[] scripts) => WithAsync(new DispatchPolicy(), scripts);

    public static async Task<ClientFixture> WithAsync(DispatchPolicy policy, params Func<NodeStream, Task>[] scripts)
    {
        ClientFixture fixture = new(policy);
        foreach (Func<NodeStream, Task> script in scripts)
        {
            _ = fixture.Add(script);
        }

        fixture.Connections.OnDirectory(fixture.Nodes.Select(static node => node.Entry()));
        await fixture.UntilAsync(static routes => routes.Length > 0 && routes.ToArray().All(static route => route.Load is not null));
        return fixture;
    }

    public TestNode Add(Func<NodeStream, Task> script)
    {
        TestNode node = new(_network.Start(PeerRoles.Node), script);
        Nodes.Add(node);
        return node;
    }

    public async Task<List<NodeResponse>> AskAsync(GenerateRequest? prompt = null, CancellationToken? cancellationToken = null, string cacheKey = "")
    {
        List<NodeResponse> read = [];
        await foreach (NodeResponse response in Client.GenerateAsync(prompt ?? Prompt(), cacheKey, cancellationToken ?? Patience))
        {
            read.Add(response);
        }

        return read;
    }

    public Task<InferenceException> FailAsync(GenerateRequest? prompt = null) =>
        Xunit.Assert.ThrowsAsync<InferenceException>(() => AskAsync(prompt));

    /// <summary>Completes when the routes to the model are as they should be.</summary>
    public async Task UntilAsync(RoutesCondition condition)
    {
        RouteTable routes = Connections.Routes;
        while (!condition(routes.RoutesOf("tiny")))
        {
            await Connections.WhenChangedAsync(routes).WaitAsync(Patience);
            routes = Connections.Routes;
        }
    }

    /// <summary>Moves the clock on once the gateway waits for exactly this time.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        await Time.WhenArmedAsync(time);
        Time.Advance(time);
    }

    public Route RouteOf(TestNode node) => Connections.Routes.Find("tiny", node.Id)!;

    public async ValueTask DisposeAsync()
    {
        await Connections.DisposeAsync();
        await _gateway.DisposeAsync();
        foreach (TestNode node in Nodes)
        {
            await node.DisposeAsync();
        }

        _network.Dispose();
        _patienceEnds.Dispose();
    }
}

/// <summary>A condition on the routes to one model.</summary>
internal delegate bool RoutesCondition(ReadOnlySpan<Route> routes);
