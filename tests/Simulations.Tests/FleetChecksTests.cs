using Darkbloom.Simulations.Fleet;
using Xunit;

namespace Darkbloom.Simulations.Tests;

/// <summary>Faults that are put in on purpose are found.</summary>
public sealed class FleetChecksTests
{
    private readonly FleetChecks _checks = new();

    [Fact]
    public void What_is_as_it_should_be_is_no_violation()
    {
        _checks.OnSubmitted(1);
        _checks.OnToken(1, 0, Chances.TokenOf(1, 0));
        _checks.OnCensus(1);
        _checks.OnEnded(1);
        _checks.OnCompleted(1, 1, 1);
        _checks.OnCensus(0);
        Assert.Empty(_checks.Violations);
    }

    [Fact]
    public void A_token_of_another_place_is_found()
    {
        _checks.OnSubmitted(1);
        _checks.OnToken(1, 0, Chances.TokenOf(1, 1));
        Assert.Single(_checks.Violations);
    }

    [Fact]
    public void A_request_that_ends_twice_is_found()
    {
        _checks.OnSubmitted(1);
        _checks.OnEnded(1);
        _checks.OnEnded(1);
        Assert.Single(_checks.Violations);
    }

    [Fact]
    public void A_request_that_vanished_is_found()
    {
        _checks.OnSubmitted(1);
        _checks.OnCensus(0);
        Assert.Single(_checks.Violations);
    }

    [Fact]
    public void An_answer_that_is_cut_short_is_found()
    {
        _checks.OnCompleted(1, 9, 10);
        Assert.Single(_checks.Violations);
    }

    [Fact]
    public void Violations_are_counted_beyond_those_that_are_kept()
    {
        for (int i = 0; i < 150; i++)
        {
            _checks.Violated(1, "again");
        }

        Assert.Equal((150, 100), (_checks.Count, _checks.Violations.Count));
    }
}
