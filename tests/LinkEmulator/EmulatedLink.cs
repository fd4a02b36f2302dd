using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Darkbloom.LinkEmulator;

/// <summary>A point-to-point IP link between two network namespaces, for whatever speaks IPv4: UDP, TCP, ICMP.</summary>
/// <remarks>
/// One thread moves the packets. It sleeps at least <see cref="QuantumNs"/> between two looks, so that a fast flow costs a
/// wake-up for a handful of packets: times are that exact and no more. Profiles may be changed at any time.
/// </remarks>
public sealed unsafe class EmulatedLink : IDisposable
{
    public const long QuantumNs = 100_000;

    /// <summary>What arrives after a long idle sleep came just now; what arrives while the thread waits for a processor may have come this long ago.</summary>
    private const long LookbackNsMax = 1_000_000;
    private const int ReadsPerLookMax = 1024;
    private const long SleepNsMax = 100_000_000;
    private const int NiceMin = -20;
    private const int VersionIPv4 = 4;

    private readonly Lock _gate = new();
    private readonly Direction _forward;
    private readonly Direction _backward;
    private readonly AddressMapping _mapping = new();
    private readonly SafeFileHandle _wake;
    private readonly Thread _mover;
    private bool _stopped;

    public EmulatedLink(int seed)
    {
        Left = new LinkEnd(IPAddress.Parse("10.77.0.1"));
        Right = new LinkEnd(IPAddress.Parse("10.77.0.2"));
        _forward = new Direction(new LinkModel(seed), Left, Right);
        _backward = new Direction(new LinkModel(~seed), Right, Left);
        _wake = Libc.Check(Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC), "eventfd");
        _mover = new Thread(Run) { IsBackground = true, Name = "link-emulator" };
        _mover.Start();
    }

    /// <summary>Why no link can be made here; null where one can.</summary>
    public static string? Unavailable { get; } = NetworkNamespace.Unavailable
        ?? (File.Exists("/dev/net/tun") ? null : "The link emulator needs /dev/net/tun.");

    public LinkEnd Left { get; }

    public LinkEnd Right { get; }

    /// <summary>From left to right.</summary>
    public LinkProfile Forward
    {
        get => Get(() => _forward.Model.Profile);
        set => Set(() => _forward.Model.Profile = value);
    }

    /// <summary>From right to left.</summary>
    public LinkProfile Backward
    {
        get => Get(() => _backward.Model.Profile);
        set => Set(() => _backward.Model.Profile = value);
    }

    public LinkCounters ForwardCounters => Get(() => _forward.Model.Counters);

    public LinkCounters BackwardCounters => Get(() => _backward.Model.Counters);

    public void UseBothWays(LinkProfile profile) => Set(() => _forward.Model.Profile = _backward.Model.Profile = profile);

    /// <summary>From now on the left end's UDP flows come from other ports, and from another address if one is given.</summary>
    public void Rebind(IPAddress? address = null) => Set(() => _mapping.Change(
        address is null ? 0 : BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes())));

    public void Dispose()
    {
        Set(() => _stopped = true);
        _mover.Join();
        _wake.Dispose();
        Left.Dispose();
        Right.Dispose();
    }

    private T Get<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    private void Set(Action change)
    {
        lock (_gate)
        {
            change();
        }
        ulong one = 1;
        _ = Libc.write(_wake, (byte*)&one, sizeof(ulong));
    }

    private void Run()
    {
        _ = Libc.prctl(Libc.PR_SET_TIMERSLACK, 1, 0, 0, 0);
        _ = Libc.setpriority(0, 0, NiceMin); // of this thread: 0 is the caller
        Libc.PollDescriptor* descriptors = stackalloc Libc.PollDescriptor[3];
        descriptors[0] = new Libc.PollDescriptor { Descriptor = Left.Device.DangerousGetHandle().ToInt32(), Events = Libc.POLLIN };
        descriptors[1] = new Libc.PollDescriptor { Descriptor = Right.Device.DangerousGetHandle().ToInt32(), Events = Libc.POLLIN };
        descriptors[2] = new Libc.PollDescriptor { Descriptor = _wake.DangerousGetHandle().ToInt32(), Events = Libc.POLLIN };
        long looked = NowNs();
        while (true)
        {
            long dueNs;
            lock (_gate)
            {
                if (_stopped)
                {
                    return;
                }
                ulong signals;
                _ = Libc.read(_wake, (byte*)&signals, sizeof(ulong));
                long now = NowNs();
                long since = Math.Max(looked, now - LookbackNsMax);
                Take(_forward, since, now);
                Take(_backward, since, now);
                looked = now;
                dueNs = Math.Min(_forward.Flush(now), _backward.Flush(now));
            }
            Sleep(descriptors, count: 0, QuantumNs);
            Sleep(descriptors, count: 3, Math.Clamp(dueNs - NowNs(), 0, SleepNsMax));
        }
    }

    private static void Sleep(Libc.PollDescriptor* descriptors, nuint count, long nanoseconds)
    {
        Libc.TimeSpec timeout = new() { Nanoseconds = nanoseconds };
        _ = Libc.ppoll(descriptors, count, &timeout, null);
    }

    /// <summary>Reads what entered a direction since the last look.</summary>
    private void Take(Direction direction, long sinceNs, long nowNs)
    {
        for (int i = 0; i < ReadsPerLookMax; i++)
        {
            byte[] packet = direction.Rent();
            nint length;
            fixed (byte* buffer = packet)
            {
                length = Libc.read(direction.Source, buffer, packet.Length);
            }
            if (length <= 0)
            {
                direction.Return(packet);
                return;
            }
            Span<byte> bytes = packet.AsSpan(0, (int)length);
            if (bytes[0] >> 4 != VersionIPv4)
            {
                direction.Return(packet); // what the system says to IPv6 neighbours when an interface comes up
                continue;
            }
            bool isForward = direction == _forward;
            if (isForward)
            {
                _mapping.Outward(bytes);
            }
            direction.Accept(sinceNs, nowNs, packet, (int)length, isDeliverable: isForward || _mapping.TryInward(bytes));
        }
    }

    private static long NowNs() => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    /// <summary>The packets under way in one direction.</summary>
    private sealed class Direction(LinkModel model, LinkEnd from, LinkEnd to)
    {
        /// <summary>More than any packet has: the interfaces' MTU is smaller.</summary>
        private const int BufferBytes = 2048;

        private readonly PriorityQueue<(byte[] Packet, int Length), (long DueNs, long Number)> _underWay = new();
        private readonly Stack<byte[]> _free = new();
        private long _number;

        public LinkModel Model => model;

        public SafeFileHandle Source => from.Device;

        public byte[] Rent() => _free.TryPop(out byte[]? packet) ? packet : new byte[BufferBytes];

        public void Return(byte[] packet) => _free.Push(packet);

        public void Accept(long sinceNs, long nowNs, byte[] packet, int length, bool isDeliverable)
        {
            PacketFate fate = model.Offer(sinceNs, nowNs, length);
            if (!isDeliverable || fate.Outcome is not (PacketOutcome.Delivered or PacketOutcome.Duplicated))
            {
                Return(packet);
                return;
            }
            _underWay.Enqueue((packet, length), (fate.DueNs, _number++));
            if (fate.Outcome == PacketOutcome.Duplicated)
            {
                byte[] copy = Rent();
                packet.AsSpan(0, length).CopyTo(copy);
                _underWay.Enqueue((copy, length), (fate.DueNs, _number++));
            }
        }

        /// <summary>Delivers what is due and returns when the next packet is.</summary>
        public long Flush(long nowNs)
        {
            while (_underWay.TryPeek(out (byte[] Packet, int Length) next, out (long DueNs, long Number) order))
            {
                if (order.DueNs > nowNs)
                {
                    return order.DueNs;
                }
                fixed (byte* buffer = next.Packet)
                {
                    _ = Libc.write(to.Device, buffer, next.Length); // a full receiver loses it, as a network card would
                }
                Return(_underWay.Dequeue().Packet);
            }
            return long.MaxValue;
        }
    }
}
