using System.Collections.Generic;
using System.Threading.Channels;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Darkbloom.Rendezvous.Limits;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>What subscribers have not read yet. Its user holds a lock around every call.</summary>
internal sealed class NoticeQueues
{
    private readonly SortedDictionary<PeerId, Channel<RendezvousNotice>> _queues = [];

    /// <summary>A new queue for the peer; an earlier one ends.</summary>
    public ChannelReader<RendezvousNotice> Open(PeerId subscriber)
    {
        if (_queues.Remove(subscriber, out Channel<RendezvousNotice>? before))
        {
            _ = before.Writer.TryComplete();
        }
        Channel<RendezvousNotice> queue = Channel.CreateBounded<RendezvousNotice>(RegistrarLimits.NoticesQueuedMax);
        _queues[subscriber] = queue;
        return queue.Reader;
    }

    /// <summary>False when the queue isn't the peer's newest.</summary>
    public bool Close(PeerId subscriber, ChannelReader<RendezvousNotice> notices) =>
        _queues.TryGetValue(subscriber, out Channel<RendezvousNotice>? current)
        && current.Reader == notices
        && _queues.Remove(subscriber);

    /// <summary>Adds a notice; who doesn't keep up loses the stream, and learns all it missed by subscribing again.</summary>
    public void Post(AddressedNotice notice)
    {
        if (_queues.TryGetValue(notice.Subscriber, out Channel<RendezvousNotice>? queue) && !queue.Writer.TryWrite(notice.Notice))
        {
            _ = queue.Writer.TryComplete();
        }
    }
}
