using System;
using System.Linq;
using Darkbloom.Simulations.Fleet;
using Xunit;

namespace Darkbloom.Simulations.Tests;

public sealed class SweepParameterTests
{
    [Fact]
    public void Values_are_parted_by_commas_outside_of_brackets_and_quotes()
    {
        SweepParameter parameter = SweepParameter.Read("faults=[],[{\"kind\":\"crash\",\"share\":1}],\"a,b\"");
        Assert.Equal("faults", parameter.Path);
        Assert.Equal(["[]", "[{\"kind\":\"crash\",\"share\":1}]", "\"a,b\""], parameter.Values.AsEnumerable());
    }

    [Fact]
    public void A_grid_has_every_combination_and_the_last_changes_fastest() => Assert.Equal(
        ["a=1 b=3", "a=1 b=4", "a=2 b=3", "a=2 b=4"],
        SweepParameter.Grid([SweepParameter.Read("a=1,2"), SweepParameter.Read("b=3,4")]).Select(static cell => string.Join(' ', cell)));

    [Theory]
    [InlineData("fleet.macs")]
    [InlineData("fleet.macs=")]
    [InlineData("=1")]
    [InlineData("fleet.macs=1,,2")]
    public void What_names_no_values_is_refused(string text) => Assert.Throws<FormatException>(() => SweepParameter.Read(text));

    [Fact]
    public void A_grid_may_have_as_many_combinations_as_the_limit_and_no_more()
    {
        SweepParameter Many(int count) => new("a", [.. Enumerable.Range(0, count).Select(static value => $"{value}")]);
        Assert.Equal(SweepParameter.CellsMax, SweepParameter.Grid([Many(SweepParameter.CellsMax)]).Length);
        Assert.Throws<FormatException>(() => SweepParameter.Grid([Many(SweepParameter.CellsMax + 1)]));
    }
}
