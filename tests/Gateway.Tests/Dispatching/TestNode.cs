using System;
using System.Collections.Concurrent;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Darkbloom.Tests.Support;
using Google.Protobuf;

namespace Darkbloom.Gateway.Tests.Dispatching;

/// <summary>A node on the real mesh that answers each inference stream as its script says, be it right or wrong.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly Member _member;
    private readonly Func<NodeStream, Task> _script;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _signals = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _loadChanged = new(0);
    private volatile LoadReport? _load = new() { State = ServingState.Serving, Slots = 4, SlotsFree = 4, QueueMax = 4 };
    private int _disposed;
    private long _sequence;

    public TestNode(Member member, Func<NodeStream, Task> script)
    {
        (_member, _script) = (member, script);
        _tasks.Add(Task.Run(AcceptAsync));
    }

    public PeerId Id => _member.Host.Id;

    /// <summary>The offers that reached the node.</summary>
    public ConcurrentQueue<Offer> Offers { get; } = [];

    /// <summary>The prompts that the node got to see.</summary>
    public ConcurrentQueue<GenerateRequest> Prompts { get; } = [];

    /// <summary>What the load stream says; null: the node opens none.</summary>
    public LoadReport? Load
    {
        get => _load;
        set
        {
            _load = value;
            _ = _loadChanged.Release();
        }
    }

    /// <summary>Goes out on the load stream with the next report.</summary>
    public SlotLease? Lease { get; set; }

    public CancellationToken Stopped => _stop.Token;

    /// <summary>Tells a test, or a script, that something happened.</summary>
    public void Signal(string what) => SignalOf(what).TrySetResult();

    public Task WaitForAsync(string what) => SignalOf(what).Task.WaitAsync(_stop.Token);

    public DirectoryEntry Entry(string model = "tiny", uint contextTokens = 4096)
    {
        IPEndPoint endPoint = _member.Host.LocalEndPoint;
        PeerCard card = new()
        {
            PublicKey = ByteString.CopyFrom(_member.Host.PublicKey.ToBytes()),
            Epoch = 1,
            Roles = (uint)PeerRoles.Node,
            Slots = 4,
        };
        card.Models.Add(new ModelCard { Id = model, ContextTokens = contextTokens, Chat = true, Tools = true, Fingerprint = "db_test" });
        card.Endpoints.Add(new Endpoint
        {
            Address = ByteString.CopyFrom(endPoint.Address.GetAddressBytes()),
            Port = (uint)endPoint.Port,
        });
        return new DirectoryEntry { Card = card };
    }

    /// <summary>Vanishes: its socket closes, and its sessions with it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _stop.CancelAsync();
            await _member.DisposeAsync();
            await Task.WhenAll(_tasks);
            _stop.Dispose();
            _loadChanged.Dispose();
        }
    }

    private TaskCompletionSource SignalOf(string what) =>
        _signals.GetOrAdd(what, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                MeshConnection connection = await _member.Host.AcceptConnectionAsync(_stop.Token);
                _tasks.Add(Task.Run(() => ServeAsync(connection)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or MeshException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(MeshConnection connection)
    {
        try
        {
            while (true)
            {
                MeshStream stream = await connection.AcceptStreamAsync(_stop.Token);
                _tasks.Add(Task.Run(() => ServeAsync(stream)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or MeshException or ObjectDisposedException)
        {
            // The gateway left.
        }
    }

    private async Task ServeAsync(MeshStream stream)
    {
        await using MessageStream<NodeResponse, NodeRequest> messages = new(stream);
        try
        {
            NodeRequest? first = await messages.ReadAsync(_stop.Token);
            if (first?.Offer is { } offer)
            {
                Offers.Enqueue(offer);
                await _script(new NodeStream(this, messages, offer));
                return;
            }

            while (first?.LoadSubscription is not null && Load is { } load)
            {
                load.Sequence = (ulong)Interlocked.Increment(ref _sequence);
                await messages.WriteAsync(new NodeResponse { Load = load }, _stop.Token);
                if (Lease is { } lease)
                {
                    Lease = null;
                    await messages.WriteAsync(new NodeResponse { Lease = lease }, _stop.Token);
                }

                await _loadChanged.WaitAsync(_stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or MeshException or ObjectDisposedException)
        {
            // The gateway left, or the test is over.
        }
    }
}

/// <summary>One inference stream, seen from the scripted node.</summary>
internal sealed class NodeStream(TestNode node, MessageStream<NodeResponse, NodeRequest> messages, Offer offer)
{
    public TestNode Node => node;

    public Offer Offer => offer;

    public MeshStream Stream => messages.Stream;

    public ValueTask SayAsync(NodeResponse response) => messages.WriteAsync(response, node.Stopped);

    /// <summary>Accepts the offer and reads the prompt.</summary>
    public async Task<GenerateRequest> AcceptAsync()
    {
        await SayAsync(new NodeResponse { Accepted = new Accepted() });
        NodeRequest? request = await messages.ReadAsync(node.Stopped);
        Xunit.Assert.NotNull(request?.Prompt);
        node.Prompts.Enqueue(request.Prompt);
        return request.Prompt;
    }

    /// <summary>Reads what follows the prompt, until the whole audio file came.</summary>
    public async Task<byte[]> ReadAudioAsync()
    {
        byte[] audio = new byte[offer.AudioBytes];
        for (int length = 0; length < audio.Length;)
        {
            ByteString part = (await messages.ReadAsync(node.Stopped))!.Audio.Data;
            part.CopyTo(audio, length);
            length += part.Length;
        }

        return audio;
    }

    public async ValueTask RefuseAsync(RefusalReason reason, uint retryAfterMs = 0)
    {
        await SayAsync(new NodeResponse { Refused = new Refused { Reason = reason, RetryAfterMs = retryAfterMs } });
        messages.CompleteWrites();
    }

    public ValueTask TokenAsync(uint offset, string content = "word ")
    {
        TokenDelta delta = new() { Offset = offset, Content = content };
        delta.TokenIds.Add(offset);
        return SayAsync(new NodeResponse { Delta = delta });
    }

    public async Task EndAsync(
        uint tokens, InferenceFault fault = InferenceFault.None, string detail = "", TokenDelta? rest = null)
    {
        if (fault == InferenceFault.None)
        {
            await SayAsync(new NodeResponse { ChoiceEnd = new ChoiceEnd { Reason = FinishReason.Stop, Rest = rest } });
        }

        await SayAsync(new NodeResponse
        {
            End = new GenerationEnd
            {
                Fault = fault,
                Detail = detail,
                Usage = new Usage { PromptTokens = 5, CompletionTokens = tokens },
            },
        });
        messages.CompleteWrites();
    }

    /// <summary>Completes when the gateway gives the stream up; fails never.</summary>
    public async Task WhenGivenUpAsync()
    {
        try
        {
            await Stream.WritesClosed.WaitAsync(node.Stopped);
        }
        catch (Exception e) when (e is MeshException or OperationCanceledException)
        {
            // That is what was waited for.
        }
    }

    public Task HangAsync() => Task.Delay(Timeout.Infinite, node.Stopped);
}
