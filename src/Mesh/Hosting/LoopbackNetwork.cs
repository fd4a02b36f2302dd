using System;
using System.Collections.Concurrent;
using System.Net;
using System.Threading;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting;

/// <summary>A network inside one process: peers embedded side by side talk without a socket, and tests see every datagram.</summary>
public sealed class LoopbackNetwork
{
    /// <summary>A full inbox loses what arrives, like a socket buffer.</summary>
    public const int InboxDatagramsMax = 4096;

    private readonly ConcurrentDictionary<PathAddress, LoopbackPort> _ports = new();
    private int _nextPort;

    /// <summary>Decides the fate of each datagram: false loses it. Called on the sender's thread.</summary>
    public Func<PathAddress, PathAddress, ReadOnlyMemory<byte>, bool>? Tap { get; set; }

    public IDatagramPort Open()
    {
        LoopbackPort port = new(this, new IPEndPoint(IPAddress.Loopback, Interlocked.Increment(ref _nextPort)));
        _ports[PathAddress.From(port.LocalEndPoint)] = port;
        return port;
    }

    /// <summary>Puts a datagram into the inbox of <paramref name="to"/>, as if <paramref name="from"/> had sent it.</summary>
    public bool Deliver(PathAddress from, PathAddress to, ReadOnlySpan<byte> datagram)
    {
        byte[] copy = datagram.ToArray();
        return (Tap?.Invoke(from, to, copy) ?? true)
            && _ports.TryGetValue(to, out LoopbackPort? port)
            && port.Inbox.TryAdd((from, copy));
    }

    private void Close(PathAddress address) => _ports.TryRemove(address, out _);

    private sealed class LoopbackPort(LoopbackNetwork network, IPEndPoint local) : IDatagramPort
    {
        private const int JoinMsMax = 2_000;
        private readonly PathAddress _address = PathAddress.From(local);
        private Thread? _receiver;
        private long _datagramsSent, _bytesSent, _datagramsReceived, _bytesReceived, _sendsDropped;

        public BlockingCollection<(PathAddress From, byte[] Datagram)> Inbox { get; } = new(InboxDatagramsMax);

        public IPEndPoint LocalEndPoint => local;

        public PortStatistics Statistics => new(
            Interlocked.Read(ref _datagramsSent),
            Interlocked.Read(ref _bytesSent),
            SendCalls: Interlocked.Read(ref _datagramsSent),
            Interlocked.Read(ref _datagramsReceived),
            Interlocked.Read(ref _bytesReceived),
            ReceiveCalls: Interlocked.Read(ref _datagramsReceived),
            Interlocked.Read(ref _sendsDropped),
            ReceiveErrors: 0);

        public void Start(BatchReceived received)
        {
            _receiver = new Thread(() => Receive(received)) { IsBackground = true, Name = "mesh-loopback" };
            _receiver.Start();
        }

        public void Send(ReadOnlySpan<byte> datagram, PathAddress target)
        {
            _datagramsSent++;
            _bytesSent += datagram.Length;
            if (!network.Deliver(_address, target, datagram))
            {
                _sendsDropped++;
            }
        }

        public void Flush()
        {
        }

        public void Dispose()
        {
            network.Close(_address);
            if (!Inbox.IsAddingCompleted)
            {
                Inbox.CompleteAdding();
                _ = _receiver is { } thread && thread != Thread.CurrentThread && thread.Join(JoinMsMax);
            }
        }

        private void Receive(BatchReceived received)
        {
            DatagramBatch batch = new(capacity: 1);
            foreach ((PathAddress from, byte[] datagram) in Inbox.GetConsumingEnumerable())
            {
                _datagramsReceived++;
                _bytesReceived += datagram.Length;
                batch.Clear();
                _ = batch.TryAdd(from, datagram);
                if (received(batch) is { } waiter)
                {
                    _ = ThreadPool.UnsafeQueueUserWorkItem(waiter, preferLocal: false);
                }
            }
        }
    }
}
