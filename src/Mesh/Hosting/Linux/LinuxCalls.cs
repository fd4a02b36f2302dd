using System;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting.Linux;

/// <summary>Many datagrams a call: UDP segmentation offload both ways (udp(7)), and recvmmsg(2).</summary>
/// <remarks>
/// One call to send carries up to 64 KB, which the kernel takes through its stack as one piece and cuts into datagrams at
/// the end. On the way in it puts equal datagrams of one sender together again and tells their size in a control message.
/// </remarks>
internal sealed unsafe class LinuxCalls : ISocketCalls
{
    /// <summary>Messages that one call takes; each may hold as many datagrams as were put together.</summary>
    private const int MessagesMax = 8;
    private const int MessageBytesMax = 64 * 1024;

    /// <summary>The kernel puts no more together (UDP_MAX_SEGMENTS).</summary>
    private const int SegmentsMax = 128;

    private const int NameBytes = 28; // sizeof(struct sockaddr_in6), the larger of the two
    private const int WaitForOne = 0x10000; // MSG_WAITFORONE: block for the first message alone
    private const int DoNotWait = 0x40; // MSG_DONTWAIT
    private const int On = 1;

    private readonly SafeSocketHandle _socket;
    private readonly AddressFamily _family;
    private readonly byte[] _arena = GC.AllocateUninitializedArray<byte>(MessagesMax * MessageBytesMax, pinned: true);
    private readonly byte[] _names = GC.AllocateArray<byte>(MessagesMax * NameBytes, pinned: true);
    private readonly ReceivedMessage[] _messages = GC.AllocateArray<ReceivedMessage>(MessagesMax, pinned: true);
    private readonly SocketVector[] _vectors = GC.AllocateArray<SocketVector>(MessagesMax, pinned: true);
    private readonly ControlMessage[] _controls = GC.AllocateArray<ControlMessage>(MessagesMax, pinned: true);

    private LinuxCalls(Socket socket)
    {
        _socket = socket.SafeHandle;
        _family = socket.AddressFamily;
        for (int i = 0; i < MessagesMax; i++)
        {
            _vectors[i] = new SocketVector { Base = At(_arena, i * MessageBytesMax), Length = MessageBytesMax };
            _messages[i].Header = new SocketMessage
            {
                Name = At(_names, i * NameBytes),
                Vectors = (SocketVector*)Marshal.UnsafeAddrOfPinnedArrayElement(_vectors, i),
                VectorCount = 1,
                Control = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_controls, i),
            };
        }
    }

    public bool JoinsDatagrams => true;

    public int BatchMax => MessagesMax * SegmentsMax;

    /// <summary>Asks the running system whether it knows the calls; null if any of them is missing.</summary>
    public static LinuxCalls? TryCreate(Socket socket)
    {
        if (!SocketLayout.IsKnown)
        {
            return null;
        }
        try
        {
            socket.SetRawSocketOption(ControlMessage.LevelUdp, ControlMessage.TypeSegment, BitConverter.GetBytes(0));
            socket.SetRawSocketOption(ControlMessage.LevelUdp, ControlMessage.TypeGro, BitConverter.GetBytes(On));
            if (ReceiveMessagesCall.recvmmsg(socket.SafeHandle, null, 0, DoNotWait, null) >= 0
                || Marshal.GetLastPInvokeError() == LinuxErrors.WouldBlock)
            {
                return new LinuxCalls(socket);
            }
            socket.SetRawSocketOption(ControlMessage.LevelUdp, ControlMessage.TypeGro, BitConverter.GetBytes(0));
        }
        catch (Exception e) when (e is SocketException or DllNotFoundException or EntryPointNotFoundException)
        {
            // An old kernel, a sandbox or another C library: the portable calls do the same work.
        }
        return null;
    }

    public void Receive(DatagramBatch batch)
    {
        for (int i = 0; i < MessagesMax; i++)
        {
            ref SocketMessage header = ref _messages[i].Header;
            header.NameLength = NameBytes;
            header.ControlLength = (nuint)sizeof(ControlMessage);
        }
        fixed (ReceivedMessage* messages = _messages)
        {
            int count = ReceiveMessagesCall.recvmmsg(_socket, messages, MessagesMax, WaitForOne, null);
            if (count < 0)
            {
                Fail(Marshal.GetLastPInvokeError());
            }
            for (int i = 0; i < count; i++)
            {
                Split(i, batch);
            }
        }
    }

    public RunOutcome TrySendRun(ReadOnlySpan<byte> run, int datagramBytes, SocketAddress target)
    {
        fixed (byte* bytes = run)
        fixed (byte* name = target.Buffer.Span)
        {
            ControlMessage control = new()
            {
                Length = ControlMessage.SegmentLength,
                Level = ControlMessage.LevelUdp,
                Type = ControlMessage.TypeSegment,
                Value = datagramBytes,
            };
            SocketVector vector = new() { Base = bytes, Length = (nuint)run.Length };
            SocketMessage message = new()
            {
                Name = name,
                NameLength = (uint)target.Size,
                Vectors = &vector,
                VectorCount = 1,
                Control = (byte*)&control,
                ControlLength = (nuint)sizeof(ControlMessage),
            };
            return SendMessageCall.sendmsg(_socket, &message, DoNotWait) >= 0 ? RunOutcome.Sent
                : Marshal.GetLastPInvokeError() is LinuxErrors.WouldBlock or LinuxErrors.NoBuffers ? RunOutcome.Dropped
                : RunOutcome.Refused;
        }
    }

    /// <summary>Takes apart what the kernel put together.</summary>
    private void Split(int index, DatagramBatch batch)
    {
        ref readonly ReceivedMessage message = ref _messages[index];
        ref readonly ControlMessage control = ref _controls[index];
        Memory<byte> rest = _arena.AsMemory(index * MessageBytesMax, (int)message.Length);
        bool isJoined = message.Header.ControlLength >= ControlMessage.SegmentLength
            && control is { Level: ControlMessage.LevelUdp, Type: ControlMessage.TypeGro, Value: > 0 };
        int size = isJoined ? control.Value : rest.Length;
        PathAddress from = SocketAddresses.FromSocket(_names.AsSpan(index * NameBytes, NameBytes), _family);
        do
        {
            Memory<byte> datagram = rest[..Math.Min(size, rest.Length)];
            Debug.Assert(!batch.IsFull, "A batch has room for all that one call can bring.");
            _ = batch.TryAdd(from, datagram);
            rest = rest[datagram.Length..];
        }
        while (!rest.IsEmpty);
    }

    private static void Fail(int error)
    {
        switch (error)
        {
            case LinuxErrors.Interrupted:
                return;
            case LinuxErrors.InvalidArgument or LinuxErrors.NotImplemented or LinuxErrors.NotSupported:
                throw new PlatformNotSupportedException();
            default:
                throw new SocketException((int)SocketError.SocketError, $"recvmmsg failed with error {error}.");
        }
    }

    private static byte* At(byte[] pinned, int offset) => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, offset);
}
