using System;
using System.Collections.Generic;
using System.Threading;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Counts, by model, the clients that have seen no token yet: whatever can wait stands behind them.</summary>
internal sealed class WaitingRequests
{
    private readonly Lock _gate = new();

    /// <summary>Only models that somebody waits for: clients choose the names.</summary>
    private readonly Dictionary<string, int> _byModel = [];

    public int For(string model)
    {
        lock (_gate)
        {
            return _byModel.GetValueOrDefault(model);
        }
    }

    /// <summary>Counts one client as waiting until the result is disposed, for the first time.</summary>
    public IDisposable Begin(string model)
    {
        lock (_gate)
        {
            _byModel[model] = _byModel.GetValueOrDefault(model) + 1;
        }

        return new Wait(this, model);
    }

    private void End(string model)
    {
        lock (_gate)
        {
            if (--_byModel[model] == 0)
            {
                _ = _byModel.Remove(model);
            }
        }
    }

    private sealed class Wait(WaitingRequests owner, string model) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                owner.End(model);
            }
        }
    }
}
