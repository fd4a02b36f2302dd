using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;

namespace Darkbloom.Gateway.Batches;

/// <summary>Lets lines of batches run on what the mesh has idle, whoever asked first before the others.</summary>
/// <remarks>
/// Looks at the nodes in beats while a line waits or runs, and obeys <see cref="LanePlan"/>: offers carry no class, so it is
/// here that batches stand behind everything else.
/// </remarks>
internal sealed class IdleLanes : IDisposable
{
    /// <summary>Lines of all batches at once.</summary>
    public const int LanesMax = 64;

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(25);

    /// <summary>After a line made room: what it freed must have been seen before another one must.</summary>
    private static readonly TimeSpan PreemptRest = TimeSpan.FromMilliseconds(500);

    private readonly IInferenceClient _client;
    private readonly WaitingRequests _interactive;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly ITimer _beats;
    private readonly LinkedList<(string Model, TaskCompletionSource<IdleLane> Entered)> _waiting = new();

    /// <summary>In the order in which they began.</summary>
    private readonly List<IdleLane> _running = [];

    private readonly Dictionary<string, long> _preemptedAt = [];
    private bool _isBeating;

    public IdleLanes(IInferenceClient client, WaitingRequests interactive, TimeProvider time)
    {
        (_client, _interactive, _time) = (client, interactive, time);
        _beats = time.CreateTimer(_ => OnBeat(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Waits for a slot that nobody else wants.</summary>
    public async Task<IdleLane> EnterAsync(string model, CancellationToken cancellationToken)
    {
        TaskCompletionSource<IdleLane> entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _ = _waiting.AddLast((model, entered));
            KeepBeating();
        }

        await using CancellationTokenRegistration left = cancellationToken.Register(() => entered.TrySetCanceled(cancellationToken));
        return await entered.Task;
    }

    internal void Leave(IdleLane lane)
    {
        lock (_gate)
        {
            _ = _running.Remove(lane);
        }
    }

    public void Dispose() => _beats.Dispose();

    private void OnBeat()
    {
        List<IdleLane> preempted = [];
        lock (_gate)
        {
            foreach (string model in _waiting.Select(static one => one.Model).Concat(_running.Select(static lane => lane.Model)).Distinct().ToList())
            {
                ModelLoad load = _client.LoadOf(model);
                LanePlan plan = LanePlan.For(
                    load.SlotsIdle,
                    load.Queued,
                    _interactive.For(model),
                    Math.Min(_waiting.Count(one => one.Model == model), LanesMax - _running.Count),
                    _running.Count(lane => lane.Model == model));
                Begin(model, plan.Starts);
                if (plan.Preempts && FindPreempted(model) is { } lane)
                {
                    preempted.Add(lane);
                }
            }

            _isBeating = false;
            if (_waiting.Count + _running.Count > 0)
            {
                KeepBeating();
            }
        }

        foreach (IdleLane lane in preempted)
        {
            lane.Preempted.Cancel();
        }
    }

    private void KeepBeating()
    {
        if (!_isBeating)
        {
            _isBeating = _beats.Change(Beat, Timeout.InfiniteTimeSpan);
        }
    }

    private void Begin(string model, int starts)
    {
        for (LinkedListNode<(string Model, TaskCompletionSource<IdleLane> Entered)>? node = _waiting.First, next; node is not null; node = next)
        {
            next = node.Next;
            if (node.Value.Entered.Task.IsCompleted)
            {
                _waiting.Remove(node); // whoever waited has left
            }
            else if (node.Value.Model == model && starts > 0)
            {
                IdleLane lane = new(this, model);
                _waiting.Remove(node);
                if (node.Value.Entered.TrySetResult(lane))
                {
                    _running.Add(lane);
                    starts--;
                }
            }
        }
    }

    /// <summary>The line that began last has the least to lose; null while the last one to make room may not be seen yet.</summary>
    private IdleLane? FindPreempted(string model)
    {
        long now = _time.GetTimestamp();
        if (_preemptedAt.TryGetValue(model, out long at) && _time.GetElapsedTime(at, now) < PreemptRest)
        {
            return null;
        }

        _preemptedAt[model] = now;
        return _running.FindLast(lane => lane.Model == model && !lane.Preempted.IsCancellationRequested);
    }
}
