using Darkbloom.Mesh.Transport.Datagrams;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Datagrams;

public sealed class DatagramQueueTests
{
    [Theory]
    [InlineData(3, 0, 1)]
    [InlineData(4, 0, 1)]
    [InlineData(5, 1, 2)]
    [InlineData(11, 7, 8)]
    public void The_oldest_gives_way_when_the_queue_is_full(int added, int dropped, byte oldest)
    {
        DatagramQueue queue = new(4);
        for (byte i = 1; i <= added; i++)
        {
            queue.Add([i]);
        }
        Assert.Equal(dropped, queue.DroppedCount);
        Assert.Equal(added - dropped, queue.Count);
        for (; queue.Count > 0; oldest++)
        {
            Assert.Equal([oldest], queue.Oldest.ToArray());
            queue.RemoveOldest();
        }
        Assert.Equal(added + 1, oldest);
    }

    [Fact]
    public void Slots_are_used_again_for_longer_and_shorter_ones()
    {
        DatagramQueue queue = new(2);
        foreach (int length in new[] { 0, 1, 1200, 64, 65, 9000, 3 })
        {
            queue.Add(TransferTests.Bytes(length, (ulong)length));
            Assert.Equal(TransferTests.Bytes(length, (ulong)length), queue.Oldest.ToArray());
            queue.RemoveOldest();
        }
        Assert.Equal(0, queue.DroppedCount);
    }

    [Fact]
    public void A_queue_without_room_drops_what_it_is_given()
    {
        DatagramQueue queue = new(0);
        queue.Add([1]);
        Assert.Equal((0, 1L), (queue.Count, queue.DroppedCount));
    }
}
