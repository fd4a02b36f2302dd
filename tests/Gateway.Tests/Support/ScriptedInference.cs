using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Tests.Support;

/// <summary>A mesh that says what a test tells it to.</summary>
internal sealed class ScriptedInference : IInferenceClient
{
    public const ModelCapabilities All = ModelCapabilities.Chat | ModelCapabilities.Tools | ModelCapabilities.Embeddings
        | ModelCapabilities.Reasoning | ModelCapabilities.FillInMiddle | ModelCapabilities.Completion;

    private readonly TaskCompletionSource<GenerateRequest> _called = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<GenerateRequest> _requests = new();
    private Func<GenerateRequest, CancellationToken, IAsyncEnumerable<NodeResponse>> _script = (_, _) => ReplayAsync([]);

    public ImmutableArray<ServedModel> Models { get; set; } =
    [
        new("acme/tiny", 4096, 3, 1, All) { Fingerprint = "fp_card" },
        new("plain", 2048, 1, 0, ModelCapabilities.Chat),
    ];

    /// <summary>How busy the nodes say they are.</summary>
    public ModelLoad Load { get; set; } = new(SlotsIdle: 4, Queued: 0);

    public ModelLoad LoadOf(string model) => Load;

    /// <summary>What the last request said belongs together.</summary>
    public string CacheKey { get; private set; } = "";

    /// <summary>The first request that arrived.</summary>
    public Task<GenerateRequest> Called => _called.Task;

    /// <summary>Every request that arrived, as it was then.</summary>
    public IReadOnlyCollection<GenerateRequest> Requests => _requests;

    /// <summary>Completes when the first generation is over, with true if it was cancelled.</summary>
    public Task<bool> Ended => _ended.Task;

    public ScriptedInference Answers(params NodeResponse[] responses)
    {
        _script = (_, _) => ReplayAsync(responses);
        return this;
    }

    /// <summary>Answers each request by what it asks for.</summary>
    public ScriptedInference AnswersEach(Func<GenerateRequest, NodeResponse[]> answer)
    {
        _script = (request, _) => ReplayAsync(answer(request));
        return this;
    }

    /// <summary>Answers each request by what it asks for, once that is known.</summary>
    public ScriptedInference AnswersLater(Func<GenerateRequest, Task<NodeResponse[]>> answer)
    {
        _script = (request, cancellationToken) => AwaitAsync(answer, request, cancellationToken);
        return this;
    }

    public ScriptedInference Fails(Exception exception, params NodeResponse[] before)
    {
        _script = (_, _) => ReplayThenThrowAsync(before, exception);
        return this;
    }

    /// <summary>Answers with what the test writes, when it writes it.</summary>
    public ChannelWriter<NodeResponse> AnswersLive()
    {
        Channel<NodeResponse> channel = Channel.CreateUnbounded<NodeResponse>();
        _script = (_, cancellationToken) => channel.Reader.ReadAllAsync(cancellationToken);
        return channel.Writer;
    }

    public async IAsyncEnumerable<NodeResponse> GenerateAsync(
        GenerateRequest request, string cacheKey, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        CacheKey = cacheKey;
        _requests.Enqueue(request.Clone());
        _called.TrySetResult(request);
        try
        {
            await foreach (NodeResponse response in _script(request, cancellationToken))
            {
                yield return response;
            }
        }
        finally
        {
            _ended.TrySetResult(cancellationToken.IsCancellationRequested);
        }
    }

    private static async IAsyncEnumerable<NodeResponse> AwaitAsync(
        Func<GenerateRequest, Task<NodeResponse[]>> answer, GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (NodeResponse response in await answer(request).WaitAsync(cancellationToken))
        {
            yield return response;
        }
    }

    private static async IAsyncEnumerable<NodeResponse> ReplayAsync(NodeResponse[] responses)
    {
        foreach (NodeResponse response in responses)
        {
            await Task.Yield();
            yield return response;
        }
    }

    private static async IAsyncEnumerable<NodeResponse> ReplayThenThrowAsync(NodeResponse[] before, Exception exception)
    {
        await foreach (NodeResponse response in ReplayAsync(before))
        {
            yield return response;
        }

        throw exception;
    }
}
