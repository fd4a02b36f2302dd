using System.Collections.Generic;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

public sealed class DeadlineQueueTests
{
    [Fact]
    public void Items_come_up_in_the_order_of_their_deadlines_and_equal_ones_in_the_order_of_their_entry()
    {
        DeadlineQueue queue = new();
        Item[] items = [new("c", 3), new("a", 1), new("b1", 2), new("b2", 2)];
        foreach (Item item in items)
        {
            queue.Update(item);
        }

        Assert.Equal(new Instant(1), queue.Next);
        Assert.Equal(["a", "b1", "b2"], Due(queue, 2));
        Assert.Equal(["c"], Due(queue, 3));
        Assert.Null(queue.Next);
    }

    [Fact]
    public void A_deadline_that_moved_to_later_comes_up_later_and_once()
    {
        DeadlineQueue queue = new();
        Item item = new("a", 1);
        queue.Update(item);
        item.Deadline = new Instant(5);
        queue.Update(item);

        Assert.Empty(Due(queue, 4));
        Assert.Equal(["a"], Due(queue, 5));
        Assert.Null(queue.Next);
    }

    [Fact]
    public void A_deadline_that_moved_to_earlier_comes_up_earlier_and_once()
    {
        DeadlineQueue queue = new();
        Item item = new("a", 5);
        queue.Update(item);
        item.Deadline = new Instant(1);
        queue.Update(item);

        Assert.Equal(["a"], Due(queue, 1));
        item.Deadline = null;
        Assert.Empty(Due(queue, 9));
    }

    [Fact]
    public void A_deadline_that_was_lifted_never_comes_up()
    {
        DeadlineQueue queue = new();
        Item item = new("a", 1);
        queue.Update(item);
        item.Deadline = null;

        Assert.Empty(Due(queue, 9));
        Assert.Null(queue.Next);
    }

    private static List<string> Due(DeadlineQueue queue, long now)
    {
        List<string> due = [];
        while (queue.TryTake(new Instant(now), out IDeadline? item))
        {
            due.Add(((Item)item).Name);
        }
        return due;
    }

    private sealed class Item(string name, long nanoseconds) : IDeadline
    {
        public string Name => name;

        public Instant? Deadline { get; set; } = new(nanoseconds);

        public Instant? QueuedFor { get; set; }
    }
}
