using System.Buffers;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi.Resuming;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi.Resuming;

public sealed class EventLogTests
{
    /// <summary>"id: s-1\n" and the end of the event, around the words.</summary>
    private const int FrameBytes = 8 + 2;

    private readonly EventLog _log = new("s");

    [Fact]
    public void Events_are_told_apart_and_numbered_and_comments_are_left_out()
    {
        _log.Append("data: a\n\n: keepalive\n\nevent: x\ndata: b\n\n"u8);
        Assert.Equal("id: s-1\ndata: a\n\nid: s-2\nevent: x\ndata: b\n\n", Read(0));
        Assert.Equal("id: s-2\nevent: x\ndata: b\n\n", Read(1));
        Assert.Equal("", Read(2));
        Assert.False(_log.Holds(3));
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    public void The_writer_waits_while_too_much_is_unread(int beyond, bool waits)
    {
        Write(ResumeLimits.UnreadBytesMax + beyond);
        Task room = _log.WaitForRoomAsync(CancellationToken.None);
        Assert.Equal(waits, !room.IsCompleted);
        _ = Read(0);
        Assert.True(_log.WaitForRoomAsync(CancellationToken.None).IsCompletedSuccessfully);
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void What_was_sent_is_kept_up_to_a_size(int beyond, bool isKept)
    {
        const int Small = 100;
        Write(Small);
        Write(ResumeLimits.SentBytesMax - Small + beyond);
        Assert.True(_log.Holds(0));
        _ = Read(0);
        Assert.Equal(isKept, _log.Holds(0));
        Assert.True(_log.Holds(1));
        long number = 0;
        Assert.Equal(isKept ? true : null, _log.Read(ref number, new ArrayBufferWriter<byte>()));
    }

    [Fact]
    public void A_reader_learns_that_nothing_follows()
    {
        _log.Append("data: a\n\n"u8);
        long number = 0;
        Assert.True(_log.Read(ref number, new ArrayBufferWriter<byte>()));
        Task more = _log.WaitForEventsAsync(number, CancellationToken.None);
        Assert.False(more.IsCompleted);
        _log.Complete();
        Assert.True(_log.WaitForEventsAsync(number, CancellationToken.None).IsCompletedSuccessfully);
        Assert.False(_log.Read(ref number, new ArrayBufferWriter<byte>()));
    }

    /// <summary>Appends one event that takes this many bytes with its id.</summary>
    private void Write(int bytes) => _log.Append(Encoding.ASCII.GetBytes(new string('x', bytes - FrameBytes) + "\n\n"));

    private string Read(long number)
    {
        ArrayBufferWriter<byte> output = new();
        _ = _log.Read(ref number, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
