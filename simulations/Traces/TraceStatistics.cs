using System;
using System.Collections.Generic;
using System.Text.Json.Nodes;

namespace Darkbloom.Simulations.Traces;

/// <summary>What a recorded workload looks like, gathered request by request.</summary>
public sealed class TraceStatistics
{
    private readonly List<int> _prompts = [];
    private readonly List<int> _outputs = [];
    private double _lastArrival;
    private double _gaps;
    private double _gapSquares;
    private long _shared;
    private long _prompted;

    public int Requests => _prompts.Count;

    /// <summary>From the first to the last request.</summary>
    public double Seconds => _lastArrival;

    public void Add(TraceRequest request)
    {
        if (Requests > 0)
        {
            double gap = request.ArrivedS - _lastArrival;
            (_gaps, _gapSquares) = (_gaps + gap, _gapSquares + (gap * gap));
        }

        _lastArrival = request.ArrivedS;
        _prompts.Add(request.PromptTokens);
        _outputs.Add(request.OutputTokens);
        (_shared, _prompted) = (_shared + request.SharedTokens, _prompted + request.PromptTokens);
    }

    /// <summary>Names and values, in the order in which people read them.</summary>
    public IReadOnlyList<(string Name, double Value)> All()
    {
        _prompts.Sort();
        _outputs.Sort();
        double mean = _gaps / Math.Max(1, Requests - 1);
        double variance = Math.Max(0, (_gapSquares / Math.Max(1, Requests - 1)) - (mean * mean));
        return
        [
            ("requests", Requests),
            ("minutes", Seconds / 60),
            ("requestsPerSecond", Seconds > 0 ? Requests / Seconds : 0),
            ("interarrivalCv", mean > 0 ? Math.Sqrt(variance) / mean : 0),
            ("promptTokens.p50", Quantile(_prompts, 0.5)),
            ("promptTokens.p99", Quantile(_prompts, 0.99)),
            ("outputTokens.p50", Quantile(_outputs, 0.5)),
            ("outputTokens.p99", Quantile(_outputs, 0.99)),
            ("sharedTokensShare", _prompted > 0 ? (double)_shared / _prompted : 0),
        ];
    }

    public JsonObject ToJson()
    {
        JsonObject json = [];
        foreach ((string name, double value) in All())
        {
            json[name] = value;
        }

        return json;
    }

    private static double Quantile(List<int> sorted, double share) =>
        sorted.Count == 0 ? 0 : sorted[Math.Min(sorted.Count - 1, (int)(share * sorted.Count))];
}
