using System.Collections.Generic;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery;

public sealed class SentPacketsTests
{
    private readonly SentPackets _packets = new();

    [Fact]
    public void Agrees_with_a_plain_list_whatever_is_settled_in_any_order()
    {
        Prng prng = new(3);
        SortedSet<long> outstanding = [];
        Dictionary<long, ulong> numbers = [];
        ulong number = 0;
        for (int step = 0; step < 20_000; step++)
        {
            if (outstanding.Count < 5 || (prng.Next(2) == 0 && outstanding.Count < 500))
            {
                // Numbers have gaps where packets were sent that only acknowledge.
                number += 1 + (ulong)prng.Next(3);
                _ = outstanding.Add(_packets.End);
                numbers[_packets.End] = number;
                _packets.Add(new SentPacket { Number = number, Bytes = 100, SentAt = new Instant(step), Frames = SentFrameLists.Empty });
            }
            else
            {
                int skip = prng.Next(outstanding.Count);
                foreach (long position in outstanding)
                {
                    if (skip-- == 0)
                    {
                        Assert.Equal(position, _packets.FirstAtLeast(numbers[position]));
                        _packets.Settle(position, prng.Next(2) == 0 ? SentPacketState.Acknowledged : SentPacketState.Lost);
                        _ = outstanding.Remove(position);
                        break;
                    }
                }
                _packets.ForgetSettled(new Instant(step - 50));
            }
            Assert.Equal(outstanding.Count, _packets.OutstandingCount);
            Assert.Equal(outstanding.Count * 100, _packets.BytesInFlight);
            Assert.Equal(outstanding.Count == 0 ? SentPackets.None : outstanding.Min, _packets.Oldest);
        }
    }

    [Fact]
    public void The_ring_says_when_it_is_full_and_has_room_again_after_the_oldest_is_settled()
    {
        for (ulong i = 0; i < SentPackets.PacketsMax; i++)
        {
            Assert.False(_packets.IsFull);
            _packets.Add(new SentPacket { Number = i, Bytes = 1, Frames = SentFrameLists.Empty });
        }
        Assert.True(_packets.IsFull);
        _packets.Settle(_packets.Oldest, SentPacketState.Lost);
        _packets.ForgetSettled(new Instant(0));
        Assert.False(_packets.IsFull);
    }
}
