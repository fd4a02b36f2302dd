using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.LinkEmulator.Tests;

/// <summary>Real sockets in two network namespaces, with the link between them.</summary>
public sealed class EmulatedLinkTests : IDisposable
{
    private const int Datagrams = 2000;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private readonly CancellationTokenSource _patienceEnds = new(_patience);

    [LinkFact]
    public async Task Datagrams_arrive_whole_and_in_order()
    {
        using EmulatedLink link = new(1);
        link.UseBothWays(new LinkProfile { Delay = TimeSpan.FromMilliseconds(2) });
        using Socket sender = Udp(link.Left);
        using Socket receiver = Udp(link.Right);

        List<int> arrived = await SendNumberedAsync(link, sender, receiver);

        Assert.Equal(Enumerable.Range(0, Datagrams), arrived);
    }

    [LinkFact]
    public async Task A_seed_loses_the_same_datagrams_again()
    {
        List<int>[] runs = new List<int>[2];
        for (int run = 0; run < runs.Length; run++)
        {
            using EmulatedLink link = new(9);
            using Socket sender = Udp(link.Left);
            using Socket receiver = Udp(link.Right);
            link.UseBothWays(new LinkProfile { LossRate = 0.05 });
            runs[run] = await SendNumberedAsync(link, sender, receiver);
            Assert.InRange(runs[run].Count, 0.92 * Datagrams, 0.98 * Datagrams);
        }

        Assert.Equal(runs[0], runs[1]);
    }

    [LinkFact]
    public async Task Tcp_crosses_a_bad_link_undamaged()
    {
        using EmulatedLink link = new(2);
        link.UseBothWays(new LinkProfile
        {
            Delay = TimeSpan.FromMilliseconds(1),
            Jitter = TimeSpan.FromMilliseconds(1),
            LossRate = 0.03,
            DuplicateRate = 0.01,
            ReorderRate = 0.01,
            BitsPerSecond = 100e6,
        });
        using Socket listener = link.Right.Namespace.Invoke(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(link.Right.Address, 0));
        listener.Listen();
        using Socket client = link.Left.Namespace.Invoke(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        byte[] sent = RandomNumberGenerator.GetBytes(500_000);

        ValueTask<Socket> accepting = listener.AcceptAsync(_patienceEnds.Token);
        await client.ConnectAsync(listener.LocalEndPoint!, _patienceEnds.Token);
        using Socket server = await accepting;
        Task sending = client.SendAsync(sent, _patienceEnds.Token).AsTask();
        byte[] received = new byte[sent.Length];
        await using NetworkStream stream = new(server);
        await stream.ReadExactlyAsync(received, _patienceEnds.Token);
        await sending;

        Assert.Equal(sent, received);
        Assert.True(link.ForwardCounters.Lost > 0, "The link has lost nothing.");
    }

    [LinkFact]
    public async Task The_delay_lies_on_each_way()
    {
        using EmulatedLink link = new(1);
        link.UseBothWays(new LinkProfile { Delay = TimeSpan.FromMilliseconds(30) });
        using Socket sender = Udp(link.Left);
        using Socket receiver = Udp(link.Right);

        long started = Stopwatch.GetTimestamp();
        Send(sender, [1], receiver.LocalEndPoint);
        EndPoint from = await ReceiveFromAsync(receiver);
        Assert.True(Stopwatch.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(30));
        Send(receiver, [2], from);
        _ = await ReceiveFromAsync(sender);

        Assert.True(Stopwatch.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(60));
    }

    [LinkFact]
    public async Task Long_packets_vanish_without_a_word_and_short_ones_pass()
    {
        using EmulatedLink link = new(1);
        link.UseBothWays(new LinkProfile { PacketBytesMax = 1300 });
        using Socket sender = Udp(link.Left);
        using Socket receiver = Udp(link.Right);

        Send(sender, new byte[1300 - 28 + 1], receiver.LocalEndPoint);
        Send(sender, new byte[1300 - 28], receiver.LocalEndPoint);
        SocketReceiveFromResult received = await receiver.ReceiveFromAsync(new byte[2048], Any, _patienceEnds.Token);

        Assert.Equal(1300 - 28, received.ReceivedBytes);
        Assert.Equal(1, link.ForwardCounters.TooLong);
        Assert.Equal(0, link.BackwardCounters.Offered); // no ICMP
    }

    [LinkFact]
    public async Task After_rebinding_a_flow_comes_from_another_address_and_port()
    {
        using EmulatedLink link = new(1);
        using Socket sender = Udp(link.Left);
        using Socket receiver = Udp(link.Right);
        Send(sender, [1], receiver.LocalEndPoint);
        EndPoint before = await ReceiveFromAsync(receiver);
        Assert.Equal(sender.LocalEndPoint, before);

        link.Rebind(IPAddress.Parse("10.77.0.99"));
        Send(receiver, [9], before); // to a mapping that is no more
        Send(sender, [2], receiver.LocalEndPoint);
        IPEndPoint after = (IPEndPoint)await ReceiveFromAsync(receiver);
        Send(receiver, [3], after);
        byte[] answer = new byte[10];
        SocketReceiveFromResult received = await sender.ReceiveFromAsync(answer, Any, _patienceEnds.Token);

        Assert.Equal(IPAddress.Parse("10.77.0.99"), after.Address);
        Assert.NotEqual(((IPEndPoint)before).Port, after.Port);
        Assert.Equal(3, answer[0]);
        Assert.Equal(receiver.LocalEndPoint, received.RemoteEndPoint);
    }

    [LinkFact]
    public async Task A_machine_that_changes_networks_sends_from_its_new_address()
    {
        using EmulatedLink link = new(1);
        using Socket sender = link.Left.Namespace.Invoke(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        sender.Bind(new IPEndPoint(IPAddress.Any, 0));
        using Socket receiver = Udp(link.Right);
        Send(sender, [1], receiver.LocalEndPoint);
        Assert.Equal(IPAddress.Parse("10.77.0.1"), ((IPEndPoint)await ReceiveFromAsync(receiver)).Address);

        link.Left.ChangeAddress(IPAddress.Parse("10.77.0.3"));
        Send(sender, [1], receiver.LocalEndPoint);

        Assert.Equal(IPAddress.Parse("10.77.0.3"), ((IPEndPoint)await ReceiveFromAsync(receiver)).Address);
    }

    [LinkFact]
    public async Task A_link_that_was_down_works_again()
    {
        using EmulatedLink link = new(1);
        using Socket sender = Udp(link.Left);
        using Socket receiver = Udp(link.Right);
        link.UseBothWays(new LinkProfile { IsDown = true });
        Send(sender, [1], receiver.LocalEndPoint);
        while (link.ForwardCounters.WhileDown == 0)
        {
            await Task.Yield();
        }

        link.UseBothWays(new LinkProfile());
        Send(sender, [2, 2], receiver.LocalEndPoint);
        SocketReceiveFromResult received = await receiver.ReceiveFromAsync(new byte[10], Any, _patienceEnds.Token);

        Assert.Equal(2, received.ReceivedBytes);
    }

    [LinkFact]
    public async Task A_process_started_in_a_namespace_sees_its_interfaces_alone()
    {
        using EmulatedLink link = new(1);
        using Process process = link.Left.Namespace.Start(new ProcessStartInfo("cat", "/proc/net/dev") { RedirectStandardOutput = true });

        string text = await process.StandardOutput.ReadToEndAsync(_patienceEnds.Token);

        string[] names = [.. text.Split('\n').Where(line => line.Contains(':', StringComparison.Ordinal)).Select(line => line.Split(':')[0].Trim())];
        Assert.Equal(["link0", "lo"], names.Order(StringComparer.Ordinal));
    }

    public void Dispose() => _patienceEnds.Dispose();

    private static IPEndPoint Any => new(IPAddress.Any, 0);

    private static Socket Udp(LinkEnd end) => end.Namespace.Invoke(() =>
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 * 1024 * 1024 };
        socket.Bind(new IPEndPoint(end.Address, 0));
        return socket;
    });

    /// <summary>A datagram never waits to be sent.</summary>
    private static void Send(Socket socket, byte[] datagram, EndPoint? target) => _ = socket.SendTo(datagram, target!);

    private async Task<EndPoint> ReceiveFromAsync(Socket socket) =>
        (await socket.ReceiveFromAsync(new byte[2048], Any, _patienceEnds.Token)).RemoteEndPoint;

    /// <summary>Sends numbered datagrams; a last one, sent without loss, ends the wait.</summary>
    private async Task<List<int>> SendNumberedAsync(EmulatedLink link, Socket sender, Socket receiver)
    {
        for (int number = 0; number < Datagrams; number++)
        {
            Send(sender, BitConverter.GetBytes(number), receiver.LocalEndPoint);
        }
        while (link.ForwardCounters.Offered < Datagrams)
        {
            await Task.Yield();
        }
        link.UseBothWays(link.Forward with { LossRate = 0 });
        Send(sender, BitConverter.GetBytes(-1), receiver.LocalEndPoint);
        List<int> arrived = [];
        byte[] datagram = new byte[4];
        while (true)
        {
            _ = await receiver.ReceiveFromAsync(datagram, Any, _patienceEnds.Token);
            if (BitConverter.ToInt32(datagram) < 0)
            {
                return arrived;
            }
            arrived.Add(BitConverter.ToInt32(datagram));
        }
    }
}
