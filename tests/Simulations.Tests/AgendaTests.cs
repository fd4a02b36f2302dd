using System.Collections.Generic;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations.Fleet;
using Xunit;

namespace Darkbloom.Simulations.Tests;

public sealed class AgendaTests
{
    [Fact]
    public void What_happens_at_one_instant_is_ordered_by_destination_source_and_number()
    {
        Agenda agenda = new(actors: 3);
        List<string> happened = [];
        Instant when = new(5);
        agenda.Schedule(when, destination: 2, source: 1, () => happened.Add("2 from 1"));
        agenda.Schedule(when, destination: 1, source: 2, () => happened.Add("1 from 2"));
        agenda.Schedule(when, destination: 1, source: 0, () => happened.Add("1 from 0, first"));
        agenda.Schedule(when, destination: 1, source: 0, () => happened.Add("1 from 0, second"));
        agenda.Schedule(new Instant(4), destination: 2, source: 2, () => happened.Add("earlier"));

        Assert.False(agenda.RunUntil(when));
        Assert.Equal(["earlier", "1 from 0, first", "1 from 0, second", "1 from 2", "2 from 1"], happened);
        Assert.Equal(when, agenda.Now);
    }

    [Fact]
    public void What_is_later_waits()
    {
        Agenda agenda = new(actors: 1);
        bool happened = false;
        agenda.Schedule(new Instant(10), 0, 0, () => happened = true);
        Assert.True(agenda.RunUntil(new Instant(9)));
        Assert.False(happened);
        _ = agenda.RunUntil(new Instant(10));
        Assert.True(happened);
    }
}
