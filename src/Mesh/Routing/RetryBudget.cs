using System;
using System.Diagnostics;

namespace Darkbloom.Mesh.Routing;

/// <summary>Bounds how much load failures may add: retries are at most a tenth of the requests, plus a reserve.</summary>
/// <remarks>Without it an outage multiplies its own load by the number of attempts, exactly when nodes are short.</remarks>
internal sealed class RetryBudget
{
    /// <summary>Requests that earn one retry.</summary>
    public const int RequestsPerRetry = 10;

    /// <summary>What a peer that just started may spend.</summary>
    public const int RetriesAtStart = 20;

    public const int RetriesMax = 100;

    /// <summary>In shares of a retry; below zero when requests that ran at once each spent the last one.</summary>
    private int _shares = RetriesAtStart * RequestsPerRetry;

    public int Left => Math.Max(0, _shares / RequestsPerRetry);

    public void OnRequest()
    {
        _shares = Math.Min(_shares + 1, RetriesMax * RequestsPerRetry);
        Debug.Assert(_shares <= RetriesMax * RequestsPerRetry, "the budget has a ceiling");
    }

    public void OnRetry() => _shares -= RequestsPerRetry;
}
