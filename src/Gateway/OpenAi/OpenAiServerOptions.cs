using System;
using System.Collections.Immutable;
using System.Net;
using Darkbloom.Gateway.Telemetry;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>How the HTTP edge listens, and whom it lets in.</summary>
internal sealed record OpenAiServerOptions
{
    /// <summary>Port 0 lets the system choose.</summary>
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Accepted API keys; empty: no key is asked for, and only loopback may be bound.</summary>
    public ImmutableArray<string> ApiKeys { get; init; } = [];

    /// <summary>Web origins whose pages may call the API, or "*"; empty: none.</summary>
    public ImmutableArray<string> CorsOrigins { get; init; } = [];

    /// <summary>Further names of models: from the name that clients use to the id that nodes serve.</summary>
    public ImmutableSortedDictionary<string, string> ModelAliases { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Holds the files and batches.</summary>
    public string StateDirectory { get; init; } = "";

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public int RequestsMax { get; init; } = HttpLimits.RequestsMax;

    public TimeSpan DrainTimeMax { get; init; } = HttpLimits.DrainTimeMax;

    /// <summary>Says why no request can be served now, or null; if absent, <c>/readyz</c> asks for one model with a node.</summary>
    public Func<string?>? NotReadyReason { get; init; }

    /// <summary>Adds the counters of other layers to <c>/metrics</c>.</summary>
    public Action<PrometheusText>? WriteMetrics { get; init; }

    /// <summary>Leaves the API keys out.</summary>
    public override string ToString() => $"HTTP edge at {Bind}";
}
