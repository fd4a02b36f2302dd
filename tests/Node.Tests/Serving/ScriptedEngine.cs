using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Tests.Serving;

/// <summary>An engine whose every message the test decides; it says when it was started and when it was left.</summary>
internal sealed class ScriptedEngine(Func<GenerateRequest, CancellationToken, IAsyncEnumerable<NodeResponse>> script, int slots = 2) : IEngine
{
    private readonly SemaphoreSlim _started = new(0);
    private readonly SemaphoreSlim _left = new(0);

    public EngineModel Model { get; } = new(new ModelCard { Id = "tiny", ContextTokens = 512, Fingerprint = "db_test", Chat = true }, slots);

    public EngineSpeed Speed => new(100, 10);

    public ConcurrentQueue<GenerateRequest> Prompts { get; } = [];

    /// <summary>Messages that were asked for, over all requests.</summary>
    public int Yielded => Volatile.Read(ref _yielded);

    private int _yielded;

    public async IAsyncEnumerable<NodeResponse> GenerateAsync(
        GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Prompts.Enqueue(request);
        _ = _started.Release();
        try
        {
            await foreach (NodeResponse response in script(request, cancellationToken).WithCancellation(cancellationToken))
            {
                _ = Interlocked.Increment(ref _yielded);
                yield return response;
            }
        }
        finally
        {
            _ = _left.Release();
        }
    }

    public Task WhenStartedAsync(CancellationToken cancellationToken) => _started.WaitAsync(cancellationToken);

    public Task WhenLeftAsync(CancellationToken cancellationToken) => _left.WaitAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        _started.Dispose();
        _left.Dispose();
        return ValueTask.CompletedTask;
    }
}
