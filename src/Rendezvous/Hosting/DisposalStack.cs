using System;
using System.Collections.Generic;
using System.Threading.Tasks;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>What was started, to be stopped in the opposite order.</summary>
internal sealed class DisposalStack : IAsyncDisposable
{
    private readonly Stack<object> _parts = new();

    /// <summary>Takes over a part that is <see cref="IAsyncDisposable"/> or <see cref="IDisposable"/>.</summary>
    public T Add<T>(T part)
        where T : class
    {
        _parts.Push(part);
        return part;
    }

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out object? part))
        {
            if (part is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                (part as IDisposable)?.Dispose();
            }
        }
    }
}
