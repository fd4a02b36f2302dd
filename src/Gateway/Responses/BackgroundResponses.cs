using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Protocol.Schema;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.Responses;

/// <summary>Responses that go on while no client waits for them.</summary>
internal sealed class BackgroundResponses(GenerationRelay relay, TimeProvider time, ILogger log)
{
    public const int RunningMax = 64;

    private readonly ConcurrentDictionary<string, Running> _running = new();
    private int _count;

    /// <summary>Keeps the response as queued and starts it; false when too many run already.</summary>
    public bool TryStart(ResponseObject response, MeshAnswer answer, KeptResponses kept)
    {
        if (Interlocked.Increment(ref _count) > RunningMax)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        Running running = new();
        _running[response.Id] = running;
        response.Status = "queued";
        kept.Keep(response);
        _ = Task.Run(() => RunAsync(response, answer, kept, running), CancellationToken.None);
        return true;
    }

    /// <summary>Stops the response if it still runs, and returns when its last state is kept.</summary>
    public async Task CancelAsync(string id)
    {
        if (_running.TryGetValue(id, out Running? running))
        {
            await running.Cancel.CancelAsync();
            await running.Ended.Task;
        }
    }

    private async Task RunAsync(ResponseObject response, MeshAnswer answer, KeptResponses kept, Running running)
    {
        try
        {
            response.Status = "in_progress";
            kept.Keep(response);
            ResponseReply reply = new(response, time, keep: static () => { });
            (GenerationEnd? end, ApiError? error) = await relay.GatherAsync(answer, reply, running.Cancel.Token);
            if (error is null)
            {
                reply.Complete(end!);
            }
            else
            {
                response.Fail(error);
            }
        }
        catch (OperationCanceledException)
        {
            response.Status = "cancelled";
        }
        catch (Exception e)
        {
            GatewayLog.RequestFailed(log, e, response.Id, "background");
            response.Fail(ApiError.Internal());
        }

        kept.Keep(response);
        _running.TryRemove(response.Id, out _);
        Interlocked.Decrement(ref _count);
        running.Ended.SetResult();
    }

    private sealed class Running
    {
        /// <summary>Has neither a timer nor a handle to give back, so whoever cancels late finds it alive.</summary>
        public CancellationTokenSource Cancel { get; } = new();

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
