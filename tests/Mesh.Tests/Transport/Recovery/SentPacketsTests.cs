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
                _packets.Add(new SentPacket { Number = number, Bytes = 100, SentAt = new Instant(step), Frames = SentFrameLists.Empty });
                long added = _packets.FirstAtLeast(number);
                _ = outstanding.Add(added);
                numbers[added] = number;
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

    [Fact]
    public void Lost_packets_stay_linked_until_they_arrive_late_or_are_forgotten()
    {
        for (ulong i = 0; i < 5; i++)
        {
            _packets.Add(new SentPacket { Number = i, Bytes = 1, SentAt = new Instant((long)i), Frames = SentFrameLists.Empty });
        }
        _packets.Settle(0, SentPacketState.Acknowledged);
        _packets.Settle(1, SentPacketState.Lost);
        _packets.Settle(2, SentPacketState.Lost);
        _packets.Settle(4, SentPacketState.Lost);
        Assert.Equal(1, _packets.OldestLost);
        _packets.SettleLate(2);
        Assert.Equal(4, _packets[_packets.OldestLost].Next);
        _packets.ForgetSettled(new Instant(3));
        Assert.Equal(4, _packets.OldestLost);
        Assert.Equal(3, _packets.Oldest);
        _packets.SettleLate(4);
        Assert.Equal(SentPackets.None, _packets.OldestLost);
    }
}
