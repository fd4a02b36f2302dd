using System.Collections;
using System.Collections.Generic;

namespace Darkbloom.Simulations.Fleet;

/// <summary>What must hold in every run: nothing is lost, nothing comes twice, everything ends once.</summary>
internal sealed class FleetChecks
{
    /// <summary>Violations beyond this number are only counted.</summary>
    private const int ViolationsKept = 100;

    private readonly List<FleetViolation> _violations = [];
    private readonly BitArray _ended = new(0);

    public IReadOnlyList<FleetViolation> Violations => _violations;

    public int Count { get; private set; }

    public int Submitted { get; private set; }

    public int Ended { get; private set; }

    /// <summary>Messages of earlier attempts that were dropped.</summary>
    public long Fenced { get; private set; }

    public void OnSubmitted(int request)
    {
        Submitted++;
        if (request != Submitted)
        {
            Violated(request, "a request was submitted twice, or one was left out");
        }

        if (_ended.Length <= request)
        {
            _ended.Length = (request + 1) * 2;
        }
    }

    public void OnToken(int request, int position, uint token)
    {
        if (token != Chances.TokenOf((ulong)request, position))
        {
            Violated(request, $"the client got another token than its own at place {position}");
        }
    }

    public void OnFenced() => Fenced++;

    public void OnEnded(int request)
    {
        if (_ended[request])
        {
            Violated(request, "a request ended twice");
        }

        _ended[request] = true;
        Ended++;
    }

    /// <summary>The answer to a completed request is whole.</summary>
    public void OnCompleted(int request, int tokens, int tokensDrawn)
    {
        if (tokens != tokensDrawn)
        {
            Violated(request, $"{tokens} of {tokensDrawn} tokens came");
        }
    }

    /// <summary>Requests are submitted, under way or ended, and nothing else.</summary>
    public void OnCensus(int inFlight)
    {
        if (Submitted != Ended + inFlight)
        {
            Violated(0, $"{Submitted} were submitted, {Ended} ended, {inFlight} are under way");
        }
    }

    public void Violated(int request, string what)
    {
        Count++;
        if (_violations.Count < ViolationsKept)
        {
            _violations.Add(new FleetViolation(request, what));
        }
    }
}

/// <summary>An invariant that a run broke.</summary>
/// <param name="Request">0: it concerns none.</param>
public sealed record FleetViolation(int Request, string What);
