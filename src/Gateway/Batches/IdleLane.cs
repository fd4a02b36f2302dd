using System;
using System.Threading;

namespace Darkbloom.Gateway.Batches;

/// <summary>The right to run one line on an idle slot; disposing it gives the slot back.</summary>
internal sealed class IdleLane(IdleLanes owner, string model) : IDisposable
{
    public string Model => model;

    /// <summary>Fires when the slot is wanted by somebody who waits. Has neither a timer nor a handle to give back.</summary>
    public CancellationTokenSource Preempted { get; } = new();

    public void Dispose() => owner.Leave(this);
}
