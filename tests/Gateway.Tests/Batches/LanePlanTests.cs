using Darkbloom.Gateway.Batches;
using Xunit;

namespace Darkbloom.Gateway.Tests.Batches;

public sealed class LanePlanTests
{
    [Theory]
    [InlineData(4, 0, 0, 10, 0, 4, false)] // as many lines as slots are idle
    [InlineData(4, 0, 0, 3, 0, 3, false)] // no more than want to begin
    [InlineData(4, 0, 1, 10, 2, 3, false)] // a client without a first token has one of the slots
    [InlineData(1, 0, 1, 10, 2, 0, false)]
    [InlineData(0, 0, 3, 10, 4, 0, false)] // all slots are taken, but nobody waits at a node
    [InlineData(4, 1, 0, 10, 2, 0, true)] // somebody waits at a node: nothing begins, and one line makes room
    [InlineData(0, 5, 0, 10, 0, 0, false)] // there is no line that could
    [InlineData(0, 0, 0, 0, 0, 0, false)]
    public void Batches_take_what_is_idle_and_make_room(int idle, int queued, int interactive, int waiting, int running, int starts, bool preempts) =>
        Assert.Equal(new LanePlan(starts, preempts), LanePlan.For(idle, queued, interactive, waiting, running));
}
