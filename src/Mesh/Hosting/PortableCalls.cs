using System;
using System.Net;
using System.Net.Sockets;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting;

/// <summary>One datagram a call, as .NET offers it on every system.</summary>
internal sealed class PortableCalls(Socket socket) : ISocketCalls
{
    /// <summary>Datagrams taken from the socket before an answer is sent: larger delays acknowledgements, smaller repeats them.</summary>
    public const int DatagramsMax = 32;

    /// <summary>One byte more than a valid datagram has, so that a longer one isn't taken for valid when it is cut.</summary>
    private const int SlotBytes = WireLimits.DatagramBytesMax + 1;

    private readonly byte[] _arena = GC.AllocateUninitializedArray<byte>(DatagramsMax * SlotBytes, pinned: true);
    private readonly SocketAddress _from = new(socket.AddressFamily);

    public bool JoinsDatagrams => false;

    public int BatchMax => DatagramsMax;

    public void Receive(DatagramBatch batch)
    {
        do
        {
            Memory<byte> slot = _arena.AsMemory(batch.Count * SlotBytes, SlotBytes);
            int length = socket.ReceiveFrom(slot.Span, SocketFlags.None, _from);
            PathAddress from = SocketAddresses.FromSocket(_from.Buffer.Span, socket.AddressFamily);
            _ = batch.TryAdd(from, slot[..length]);
        }
        while (!batch.IsFull && socket.Available > 0);
    }

    public RunOutcome TrySendRun(ReadOnlySpan<byte> run, int datagramBytes, SocketAddress target) => RunOutcome.Refused;
}
