using System.Collections.Generic;
using Darkbloom.Mesh.Transport;
using Darkbloom.Mesh.Transport.Streams;
using Darkbloom.Protocol.Frames;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Streams;

public sealed class StreamSchedulerTests
{
    private const int Datagram = 1000;

    private readonly StreamScheduler _scheduler = new(Datagram);

    [Fact]
    public void The_most_urgent_goes_first()
    {
        foreach (StreamPriority priority in new[] { StreamPriority.Bulk, StreamPriority.Prompts, StreamPriority.Control, StreamPriority.Tokens })
        {
            _scheduler.Add(Stream(priority));
        }
        List<StreamPriority> order = [];
        while (_scheduler.TryTake(out TransportStream? stream))
        {
            order.Add(stream!.Priority);
        }
        Assert.Equal([StreamPriority.Control, StreamPriority.Tokens, StreamPriority.Prompts, StreamPriority.Bulk], order);
        Assert.True(_scheduler.IsEmpty);
    }

    [Fact]
    public void Equals_take_turns_and_stand_in_line_once()
    {
        TransportStream first = Stream(StreamPriority.Tokens);
        TransportStream second = Stream(StreamPriority.Tokens);
        _scheduler.Add(first);
        _scheduler.Add(first);
        _scheduler.Add(second);
        Assert.Same(first, Take());
        _scheduler.Add(first);
        Assert.Same(second, Take());
        Assert.Same(first, Take());
        Assert.True(_scheduler.IsEmpty);
    }

    [Fact]
    public void Bulk_gets_a_tenth_under_any_load()
    {
        TransportStream urgent = Stream(StreamPriority.Control);
        TransportStream bulk = Stream(StreamPriority.Bulk);
        _scheduler.Add(urgent);
        _scheduler.Add(bulk);
        int ofBulk = 0;
        for (int i = 0; i < 1000; i++)
        {
            TransportStream stream = Take();
            ofBulk += stream == bulk ? 1 : 0;
            _scheduler.Add(stream);
            _scheduler.Charge(stream.Priority, Datagram);
        }
        Assert.InRange(ofBulk, 99, 101);
    }

    [Fact]
    public void Bulk_that_was_not_there_has_earned_nothing()
    {
        TransportStream urgent = Stream(StreamPriority.Control);
        _scheduler.Add(urgent);
        for (int i = 0; i < 1000; i++)
        {
            _scheduler.Add(Take());
            _scheduler.Charge(StreamPriority.Control, Datagram);
        }
        _scheduler.Add(Stream(StreamPriority.Bulk));
        Assert.Same(urgent, Take());
    }

    private TransportStream Take()
    {
        Assert.True(_scheduler.TryTake(out TransportStream? stream));
        return stream!;
    }

    private static TransportStream Stream(StreamPriority priority) =>
        new(new StreamId(0), priority, new StreamSender(0), new StreamReceiver(0, 0));
}
