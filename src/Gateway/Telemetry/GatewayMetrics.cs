using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Telemetry;

/// <summary>What the HTTP edge counts. No label holds anything that a client wrote.</summary>
internal sealed class GatewayMetrics
{
    private const string Prefix = "darkbloom_gateway_";

    private readonly ConcurrentDictionary<(string Route, int Status), StrongBox<long>> _requests = new();
    private readonly long[] _outcomes = new long[Enum.GetValues<InferenceOutcome>().Length];
    private readonly Histogram _firstToken = new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]);
    private readonly Histogram _duration = new([0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]);
    private long _promptTokens;
    private long _cachedPromptTokens;
    private long _completionTokens;
    private long _reasoningTokens;
    private long _requestsOpen;
    private long _streamsOpen;

    /// <summary>Counts one request as open, and returns how many are, itself included.</summary>
    public long OpenRequest() => Interlocked.Increment(ref _requestsOpen);

    public void CloseRequest(string route, int status)
    {
        Interlocked.Decrement(ref _requestsOpen);
        Interlocked.Increment(ref _requests.GetOrAdd((route, status), static _ => new StrongBox<long>()).Value);
    }

    /// <summary>Counts one stream as open until the result is disposed.</summary>
    public IDisposable OpenStream()
    {
        Interlocked.Increment(ref _streamsOpen);
        return new OpenStreamScope(this);
    }

    public void FirstToken(TimeSpan elapsed) => _firstToken.Observe(elapsed);

    public void Count(Usage usage)
    {
        Interlocked.Add(ref _promptTokens, usage.PromptTokens);
        Interlocked.Add(ref _cachedPromptTokens, usage.CachedPromptTokens);
        Interlocked.Add(ref _completionTokens, usage.CompletionTokens);
        Interlocked.Add(ref _reasoningTokens, usage.ReasoningTokens);
    }

    public void Finish(InferenceOutcome outcome, TimeSpan elapsed)
    {
        Interlocked.Increment(ref _outcomes[(int)outcome]);
        _duration.Observe(elapsed);
    }

    public void Write(PrometheusText text)
    {
        text.Begin(Prefix + "requests_total", "counter", "HTTP requests by route and status.");
        foreach (KeyValuePair<(string Route, int Status), StrongBox<long>> entry in
            _requests.OrderBy(e => e.Key.Route, StringComparer.Ordinal).ThenBy(e => e.Key.Status))
        {
            text.Sample(
                Prefix + "requests_total",
                Interlocked.Read(ref entry.Value.Value),
                ("route", entry.Key.Route),
                ("status", entry.Key.Status.ToString(CultureInfo.InvariantCulture)));
        }

        text.Begin(Prefix + "inferences_total", "counter", "Inference requests by outcome.");
        foreach (InferenceOutcome outcome in Enum.GetValues<InferenceOutcome>())
        {
            text.Sample(
                Prefix + "inferences_total", Interlocked.Read(ref _outcomes[(int)outcome]), ("outcome", outcome.ToString()));
        }

        text.Family(Prefix + "prompt_tokens_total", "counter", "Prompt tokens of completed requests.", Interlocked.Read(ref _promptTokens));
        text.Family(Prefix + "cached_prompt_tokens_total", "counter", "Prompt tokens that a node still had.", Interlocked.Read(ref _cachedPromptTokens));
        text.Family(Prefix + "completion_tokens_total", "counter", "Tokens written by models.", Interlocked.Read(ref _completionTokens));
        text.Family(Prefix + "reasoning_tokens_total", "counter", "Of these, tokens of reasoning.", Interlocked.Read(ref _reasoningTokens));
        text.Family(Prefix + "requests_open", "gauge", "HTTP requests in progress.", Interlocked.Read(ref _requestsOpen));
        text.Family(Prefix + "streams_open", "gauge", "Event streams in progress.", Interlocked.Read(ref _streamsOpen));
        _firstToken.Write(text, Prefix + "first_token_seconds", "From request to first token.");
        _duration.Write(text, Prefix + "inference_seconds", "From request to the end of the answer.");
    }

    private sealed class OpenStreamScope(GatewayMetrics metrics) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref metrics._streamsOpen);
    }
}
