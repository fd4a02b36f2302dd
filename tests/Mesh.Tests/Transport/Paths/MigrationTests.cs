using System;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Paths;

/// <summary>How long a transfer stands still when a path changes, on a path of 40 ms there and back.</summary>
public sealed class MigrationTests
{
    private static readonly LinkFaults s_link = new() { Latency = TimeSpan.FromMilliseconds(20), BytesPerSecond = 12_500_000, QueueBytes = 500_000 };

    [Theory]
    [InlineData(Change.Rebinding, 0)]
    [InlineData(Change.Rebinding, 3000)]
    [InlineData(Change.Uplink, 0)]
    [InlineData(Change.Uplink, 3000)]
    [InlineData(Change.None, 3000)]
    public void A_download_goes_on_within_two_probe_timeouts_and_a_round_trip(Change change, int outageMs)
    {
        using Pair pair = new(s_link);
        StreamId stream = pair.Server.OpenAndSend(TransferTests.Bytes(20_000_000, 1));
        AssertStall(pair, pair.Client, pair.Server, stream, change, outageMs);
    }

    [Theory]
    [InlineData(Change.Rebinding, 0)]
    [InlineData(Change.Rebinding, 3000)]
    [InlineData(Change.Uplink, 0)]
    [InlineData(Change.Uplink, 3000)]
    [InlineData(Change.None, 3000)]
    public void An_upload_goes_on_within_two_probe_timeouts_and_a_round_trip(Change change, int outageMs)
    {
        using Pair pair = new(s_link);
        StreamId stream = pair.Client.OpenAndSend(TransferTests.Bytes(20_000_000, 1));
        AssertStall(pair, pair.Server, pair.Client, stream, change, outageMs);
    }

    [Fact]
    public void Another_host_is_measured_anew_and_another_port_is_not()
    {
        using Pair pair = new(s_link);
        _ = pair.Server.OpenAndSend(TransferTests.Bytes(30_000_000, 1));
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(WireLimits.DatagramBytesOfEthernet, pair.Server.Connection.Statistics.DatagramBytes);
        Move(pair, Change.Rebinding);
        pair.RunUntil(() => pair.Server.Connection.Path == pair.Client.Address, TimeSpan.FromSeconds(2), "the new port");
        Assert.Equal(WireLimits.DatagramBytesOfEthernet, pair.Server.Connection.Statistics.DatagramBytes);
        pair.Run(TimeSpan.FromMilliseconds(500));
        Move(pair, Change.Uplink);
        pair.RunUntil(() => pair.Server.Connection.Path == pair.Client.Address, TimeSpan.FromSeconds(2), "the new host");
        Assert.Equal(WireLimits.DatagramBytesMin, pair.Server.Connection.Statistics.DatagramBytes);
        Assert.InRange(pair.Server.Connection.Statistics.SmoothedRtt.TotalMilliseconds, 39, 80);
    }

    [Fact]
    public void A_sender_that_moved_learns_of_it_and_measures_anew()
    {
        using Pair pair = new(s_link);
        _ = pair.Client.OpenAndSend(TransferTests.Bytes(30_000_000, 1));
        pair.Run(TimeSpan.FromSeconds(1));
        pair.Client.Connection.MigrateLocally(pair.Now); // nothing changed in truth
        pair.Run(TimeSpan.FromMilliseconds(300));
        Assert.Equal(WireLimits.DatagramBytesOfEthernet, pair.Client.Connection.Statistics.DatagramBytes);

        bool isSmallAgain = false;
        pair.Client.OnEvent = e => isSmallAgain |= e.Kind == ConnectionEventKind.AddressObserved
            && e.Address == pair.Client.Address && pair.Client.Connection.Statistics.DatagramBytes == WireLimits.DatagramBytesMin;
        Move(pair, Change.Uplink);
        pair.RunUntil(() => isSmallAgain, TimeSpan.FromSeconds(1), "OBSERVED_ADDRESS");
    }

    [Fact]
    public void A_path_that_shrinks_is_left_within_five_seconds_and_used_to_the_full()
    {
        using Pair pair = new(s_link);
        StreamId stream = pair.Server.OpenAndSend(TransferTests.Bytes(60_000_000, 1));
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(WireLimits.DatagramBytesOfEthernet, pair.Server.Connection.Statistics.DatagramBytes);
        pair.Faults = s_link with { DatagramBytesMax = 1300 };
        int before = pair.Client.CountOf(stream);
        pair.RunUntil(() => pair.Client.CountOf(stream) > before + 500_000, TimeSpan.FromSeconds(5), "a megabyte through the hole");
        pair.RunUntil(
            () => pair.Server.Connection.Statistics.DatagramBytes is >= 1300 * 9 / 10 and <= 1300, TimeSpan.FromSeconds(5), "nearly 1300 bytes");
    }

    [Fact]
    public void Loss_and_a_full_queue_are_no_black_hole()
    {
        using Pair pair = new(s_link with { Lost = 50, BytesPerSecond = 2_000_000, QueueBytes = 20_000 });
        _ = pair.Server.OpenAndSend(TransferTests.Bytes(30_000_000, 1));
        pair.RunUntil(
            () => pair.Server.Connection.Statistics.DatagramBytes == WireLimits.DatagramBytesOfEthernet, awaited: "the full size");
        for (int i = 0; i < 100; i++)
        {
            pair.Run(TimeSpan.FromMilliseconds(50));
            Assert.Equal(WireLimits.DatagramBytesOfEthernet, pair.Server.Connection.Statistics.DatagramBytes);
        }
    }

    [Fact]
    public void A_short_session_tries_no_larger_datagram()
    {
        using Pair pair = new(s_link);
        StreamId stream = pair.Client.OpenAndSend(new byte[1000]);
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        pair.Run(TimeSpan.FromSeconds(60));
        Assert.Equal(WireLimits.DatagramBytesMin, pair.Client.Connection.Statistics.DatagramBytes);
        Assert.Equal(WireLimits.DatagramBytesMin, pair.Server.Connection.Statistics.DatagramBytes);
    }

    [Theory]
    [InlineData(WireLimits.DatagramBytesMin - 1, false)]
    [InlineData(WireLimits.DatagramBytesMin, true)]
    [InlineData(WireLimits.DatagramBytesMin + 1, true)]
    public void A_caller_with_a_small_buffer_gets_small_datagrams(int bytes, bool isEnough)
    {
        using RawPeer peer = new();
        peer.Send(0x20, 0x00, 0x01, 0xAA);
        _ = peer.Connection.Write(new StreamId(0), new byte[30_000]);
        byte[] buffer = new byte[bytes];
        if (!isEnough)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => peer.Connection.TryTransmit(peer.Now, buffer, out _));
            return;
        }
        int sent = 0;
        while (peer.Connection.TryTransmit(peer.Now, buffer, out Transmit transmit))
        {
            Assert.True(transmit.Length <= bytes);
            sent++;
        }
        Assert.True(sent > 1);
    }

    public enum Change
    {
        None,
        Rebinding,
        Uplink,
    }

    /// <summary>Bytes stop for the outage and at most two probe timeouts and a round trip, and all arrive.</summary>
    private static void AssertStall(Pair pair, Side receiver, Side sender, StreamId stream, Change change, int outageMs)
    {
        pair.Run(TimeSpan.FromMilliseconds(600));
        Assert.True(receiver.CountOf(stream) > 0);
        pair.Drops = (_, _) => true;
        if (outageMs == 0)
        {
            pair.DropFlying();
        }
        pair.Run(TimeSpan.FromMilliseconds(outageMs));
        pair.Drops = null;
        TimeSpan roundTrip = sender.Connection.Statistics.SmoothedRtt;
        TimeSpan timeout = Max(sender.Connection.ProbeTimeout, receiver.Connection.ProbeTimeout);
        Move(pair, change);
        Instant start = pair.Now;
        int count = receiver.CountOf(stream);
        pair.RunUntil(() => receiver.CountOf(stream) > count, awaited: "the first byte after it");

        TimeSpan stall = pair.Now - start;
        TimeSpan allowed = (timeout * 2) + roundTrip;
        Assert.True(stall <= allowed, $"{stall.TotalMilliseconds} ms of {allowed.TotalMilliseconds} ms");
        pair.RunUntil(() => receiver.HasFinished(stream));
        Assert.Equal(TransferTests.Bytes(20_000_000, 1), receiver.BytesOf(stream));
    }

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private static void Move(Pair pair, Change change)
    {
        switch (change)
        {
            case Change.Rebinding:
                pair.Client.Address = pair.Client.Address with { Port = (ushort)(pair.Client.Address.Port + 1) };
                break;
            case Change.Uplink:
                pair.Client.Address = pair.Client.Address with { Address = pair.Client.Address.Address + 256 };
                pair.Client.Connection.MigrateLocally(pair.Now);
                pair.Drain();
                break;
            default:
                break;
        }
    }
}
