using System;
using System.Collections.Generic;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations.Fleet;

/// <summary>How long each answer will be: asked by engines when they draw, by nobody who routes.</summary>
internal sealed class OutputLengths(Prng prng, FleetDemand demand)
{
    /// <summary>By request, from 1 on.</summary>
    private readonly List<int> _lengths = [0];

    public int Of(int request)
    {
        if (demand.Requests is { } recorded)
        {
            return recorded.Requests[request - 1].OutputTokens;
        }

        while (_lengths.Count <= request)
        {
            double length = demand.OutputTokensMeanExponential > 0
                ? prng.Exponential(demand.OutputTokensMeanExponential)
                : prng.LogNormal(demand.OutputTokensMedian, demand.OutputTokensP99);
            _lengths.Add((int)Math.Clamp(Math.Ceiling(length), 1, ScenarioRules.TokensMax));
        }

        return _lengths[request];
    }
}
