using System;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Node.Serving;

/// <summary>One going of the node: running requests hear of it first, and are ended later.</summary>
internal sealed class Departure : IDisposable
{
    private readonly CancellationTokenSource _begun = new();
    private readonly CancellationTokenSource _over = new();

    /// <summary>Fires when the node begins to leave: gateways should have others go on.</summary>
    public CancellationToken Begun => _begun.Token;

    /// <summary>Fires when what still runs has had its time.</summary>
    public CancellationToken Over => _over.Token;

    /// <summary>How long requests may run on from <see cref="Begun"/>; set by it.</summary>
    public TimeSpan Grace { get; private set; }

    public Task BeginAsync(TimeSpan grace)
    {
        Grace = grace;
        return _begun.CancelAsync();
    }

    public Task EndAsync() => _over.CancelAsync();

    public void Dispose()
    {
        _begun.Dispose();
        _over.Dispose();
    }
}
