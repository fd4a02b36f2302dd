using System;
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
    private Func<CancellationToken, IAsyncEnumerable<NodeResponse>> _script = _ => ReplayAsync([]);

    public ImmutableArray<ServedModel> Models { get; set; } =
    [
        new("acme/tiny", 4096, 3, 1, All) { Fingerprint = "fp_card" },
        new("plain", 2048, 1, 0, ModelCapabilities.Chat),
    ];

    /// <summary>The first request that arrived.</summary>
    public Task<GenerateRequest> Called => _called.Task;

    /// <summary>Completes when the first generation is over, with true if it was cancelled.</summary>
    public Task<bool> Ended => _ended.Task;

    public ScriptedInference Answers(params NodeResponse[] responses)
    {
        _script = _ => ReplayAsync(responses);
        return this;
    }

    public ScriptedInference Fails(Exception exception, params NodeResponse[] before)
    {
        _script = _ => ReplayThenThrowAsync(before, exception);
        return this;
    }

    /// <summary>Answers with what the test writes, when it writes it.</summary>
    public ChannelWriter<NodeResponse> AnswersLive()
    {
        Channel<NodeResponse> channel = Channel.CreateUnbounded<NodeResponse>();
        _script = cancellationToken => channel.Reader.ReadAllAsync(cancellationToken);
        return channel.Writer;
    }

    public async IAsyncEnumerable<NodeResponse> GenerateAsync(
        GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _called.TrySetResult(request);
        try
        {
            await foreach (NodeResponse response in _script(cancellationToken))
            {
                yield return response;
            }
        }
        finally
        {
            _ended.TrySetResult(cancellationToken.IsCancellationRequested);
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
