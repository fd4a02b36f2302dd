using System.Threading.Channels;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Darkbloom.Rendezvous.Hosting;
using Darkbloom.Rendezvous.Limits;
using Xunit;

namespace Darkbloom.Rendezvous.Tests.Hosting;

public sealed class NoticeQueuesTests
{
    private readonly NoticeQueues _queues = new();
    private readonly PeerId _peer = RegistrarHarness.NewPeer().Id;

    [Theory]
    [InlineData(RegistrarLimits.NoticesQueuedMax - 1, false)]
    [InlineData(RegistrarLimits.NoticesQueuedMax, false)]
    [InlineData(RegistrarLimits.NoticesQueuedMax + 1, true)]
    public void A_subscriber_that_falls_too_far_behind_loses_the_stream(int notices, bool loses)
    {
        ChannelReader<RendezvousNotice> queue = _queues.Open(_peer);
        for (int i = 0; i < notices; i++)
        {
            Post();
        }

        int read = 0;
        while (queue.TryRead(out _))
        {
            read++;
        }

        Assert.Equal(loses ? RegistrarLimits.NoticesQueuedMax : notices, read);
        Assert.Equal(loses, queue.Completion.IsCompleted);
    }

    [Fact]
    public void A_newer_queue_takes_the_place_of_the_older()
    {
        ChannelReader<RendezvousNotice> older = _queues.Open(_peer);
        ChannelReader<RendezvousNotice> newer = _queues.Open(_peer);
        Post();

        Assert.True(older.Completion.IsCompleted);
        Assert.True(newer.TryRead(out _));
        Assert.False(_queues.Close(_peer, older));
        Post();
        Assert.True(newer.TryRead(out _));
        Assert.True(_queues.Close(_peer, newer));
        Post();
        Assert.False(newer.TryRead(out _));
    }

    private void Post() => _queues.Post(new AddressedNotice(_peer, new RendezvousNotice()));
}
