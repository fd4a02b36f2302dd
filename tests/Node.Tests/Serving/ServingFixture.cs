using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;
using Darkbloom.Node.Serving;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Darkbloom.Tests.Support;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Darkbloom.Node.Tests.Serving;

/// <summary>A node that serves a scripted engine, and a gateway that speaks to it by hand.</summary>
internal sealed class ServingFixture : IAsyncDisposable
{
    /// <summary>A test that waits longer has failed; no passing test comes near it.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _patienceEnds = new(_patience);
    private readonly TestNetwork _network = new();
    private readonly Member _node;
    private readonly Member _gateway;

    public ServingFixture(ScriptedEngine engine, ServingLimits? limits = null, int queueMax = 4, uint audioBytesMax = 0)
    {
        Engine = engine;
        _node = _network.Start(PeerRoles.Node);
        _gateway = _network.Start(PeerRoles.Gateway);
        Desk = new AdmissionDesk(
            new AdmissionPolicy { Model = "tiny", Slots = engine.Model.Slots, QueueMax = queueMax, AudioBytesMax = audioBytesMax }, () => engine.Speed, Time);
        Listener = new InferenceListener(_node.Host, engine, Desk, limits ?? new ServingLimits(), Time, NullLoggerFactory.Instance);
    }

    public ScriptedEngine Engine { get; }

    public AdmissionDesk Desk { get; }

    public InferenceListener Listener { get; }

    /// <summary>The node's clock; its network keeps real time.</summary>
    public ManualTime Time { get; } = new();

    public CancellationToken Patience => _patienceEnds.Token;

    public static ServingFixture Serving(
        Func<CancellationToken, IAsyncEnumerable<NodeResponse>> script, ServingLimits? limits = null, int slots = 2, int queueMax = 4) =>
        new(new ScriptedEngine((_, cancellationToken) => script(cancellationToken), slots), limits, queueMax);

    public static GenerateRequest Prompt(string content = "hello")
    {
        GenerateRequest prompt = new()
        {
            RequestId = ByteString.CopyFrom(new byte[InferenceLimits.RequestIdBytes]),
            Model = "tiny",
            OutputTokensMax = 10,
            Choices = 1,
            Sampling = new Sampling { Temperature = 1, TopP = 1 },
        };
        prompt.Messages.Add(new ChatMessage { Role = "user", Content = content });
        return prompt;
    }

    public static Offer OfferOf(GenerateRequest prompt)
    {
        _ = OfferTerms.TryOffer(prompt, out OfferTerms terms);
        return terms.ToOffer();
    }

    public ValueTask<MeshConnection> ConnectAsync() =>
        _gateway.Host.ConnectAsync(_node.Host.PublicKey, _node.Host.LocalEndPoint, Patience);

    /// <summary>A member of another role that connects to the node.</summary>
    public async Task<(Member Member, MeshConnection Connection)> ConnectAsAsync(PeerRoles roles)
    {
        Member member = _network.Start(roles);
        return (member, await member.Host.ConnectAsync(_node.Host.PublicKey, _node.Host.LocalEndPoint, Patience));
    }

    public async Task<MessageStream<NodeRequest, NodeResponse>> OpenAsync(MeshConnection connection, NodeRequest first)
    {
        MessageStream<NodeRequest, NodeResponse> stream =
            new(await connection.OpenStreamAsync(StreamPriority.Prompts, Patience));
        await stream.WriteAsync(first, Patience);
        return stream;
    }

    /// <summary>Offers the prompt and returns the node's answer to it.</summary>
    public async Task<(MessageStream<NodeRequest, NodeResponse> Stream, NodeResponse? Answer)> OfferAsync(
        MeshConnection connection, GenerateRequest prompt)
    {
        MessageStream<NodeRequest, NodeResponse> stream =
            await OpenAsync(connection, new NodeRequest { Offer = OfferOf(prompt) });
        return (stream, await stream.ReadAsync(Patience));
    }

    /// <summary>Offers the prompt, expects that it is accepted, and sends it.</summary>
    public async Task<MessageStream<NodeRequest, NodeResponse>> AskAsync(MeshConnection connection)
    {
        (MessageStream<NodeRequest, NodeResponse> stream, NodeResponse? answer) = await OfferAsync(connection, Prompt());
        Xunit.Assert.NotNull(answer?.Accepted);
        await stream.WriteAsync(new NodeRequest { Prompt = Prompt() }, Patience);
        stream.CompleteWrites();
        return stream;
    }

    public async Task<List<NodeResponse>> ReadAllAsync(MessageStream<NodeRequest, NodeResponse> stream)
    {
        List<NodeResponse> read = [];
        while (await stream.ReadAsync(Patience) is { } response)
        {
            read.Add(response);
        }

        return read;
    }

    /// <summary>Moves the clock on once the node waits for exactly this time.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        await Time.WhenArmedAsync(time);
        Time.Advance(time);
    }

    public async ValueTask DisposeAsync()
    {
        await Listener.DisposeAsync();
        Desk.Dispose();
        await _gateway.DisposeAsync();
        await _node.DisposeAsync();
        await Engine.DisposeAsync();
        _network.Dispose();
        _patienceEnds.Dispose();
    }
}
