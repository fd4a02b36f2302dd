using System;
using System.Collections.Generic;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations.Network;

/// <summary>Takes one datagram that arrived.</summary>
public delegate void Arrival(PathAddress from, Span<byte> datagram);

/// <summary>Carries datagrams between addresses in virtual time, and loses, repeats and reorders some.</summary>
public sealed class SimNetwork(World world, LinkModel model)
{
    private const int PerMille = 1000;
    private readonly Dictionary<PathAddress, Arrival> _attached = [];

    /// <summary>May be replaced while the world runs: what is under way keeps its fate.</summary>
    public LinkModel Model { get; set; } = model;

    /// <summary>Where a peer writes a datagram that it is about to send: one for all peers, of whom one acts at a time.</summary>
    internal byte[] Outgoing { get; } = new byte[WireLimits.DatagramBytesMax];

    public long Sent { get; private set; }

    public long Lost { get; private set; }

    /// <summary>Sees every datagram as it is sent; false loses it.</summary>
    public Func<PathAddress, PathAddress, ReadOnlyMemory<byte>, bool>? Tap { get; set; }

    public void Attach(PathAddress address, Arrival arrival) => _attached.Add(address, arrival);

    /// <summary>From now on nothing is delivered there: a process that was killed says no goodbye.</summary>
    public void Detach(PathAddress address) => _attached.Remove(address);

    public void Send(PathAddress from, PathAddress to, ReadOnlySpan<byte> datagram)
    {
        Sent++;
        Record(from, to, datagram);
        byte[] bytes = datagram.ToArray();
        if (Tap?.Invoke(from, to, bytes) == false || Happens(Model.LossPerMille))
        {
            Lost++;
            return;
        }
        if (Happens(Model.CorruptionPerMille) && bytes.Length > 0)
        {
            bytes[world.Chance.Next(bytes.Length)] ^= (byte)(1 + world.Chance.Next(byte.MaxValue));
        }
        Carry(from, to, bytes);
        if (Happens(Model.DuplicationPerMille))
        {
            Carry(from, to, bytes.AsSpan().ToArray());
        }
    }

    private void Carry(PathAddress from, PathAddress to, byte[] datagram)
    {
        TimeSpan delay = Model.Latency;
        if (Model.Jitter > TimeSpan.Zero)
        {
            delay += TimeSpan.FromTicks((long)(world.Chance.NextUInt64() % (ulong)Model.Jitter.Ticks));
        }
        world.Schedule(world.Now + delay, () =>
        {
            if (_attached.TryGetValue(to, out Arrival? arrival))
            {
                arrival(from, datagram);
            }
        });
    }

    private bool Happens(int perMille) => perMille > 0 && world.Chance.Chance(perMille, PerMille);

    /// <summary>Sizes and times, not bytes: a signature draws its own randomness and differs from run to run.</summary>
    private void Record(PathAddress from, PathAddress to, ReadOnlySpan<byte> datagram)
    {
        world.Trace.Add(world.Now.Nanoseconds);
        world.Trace.Add(unchecked((long)(ulong)from.Address) ^ from.Port);
        world.Trace.Add(unchecked((long)(ulong)to.Address) ^ to.Port);
        world.Trace.Add(datagram.Length);
    }
}
