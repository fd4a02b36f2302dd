using System;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using Darkbloom.Mesh.Hosting.Linux;
using Darkbloom.Protocol.Primitives;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Mesh.Hosting;

/// <summary>One UDP socket of one address family, sent through inline and received from by threads of its own.</summary>
/// <remarks>
/// No error of the socket ends it. A datagram that the system won't take, for want of a route or of buffers (ENOBUFS, with
/// which macOS answers a burst), is lost like any other and counted: loss recovery repeats what mattered, and congestion
/// control takes the loss for what it is. To wait instead would stop every session of the host, for one lock guards all.
/// </remarks>
internal sealed class UdpSocket : IDisposable
{
    private const int JoinMsMax = 2_000;

    /// <summary>After this many errors in a row the receive thread waits before it asks again, so that it can't spin.</summary>
    private const int ErrorsInARowMax = 8;
    private const int ErrorPauseMs = 10;

    /// <summary>A larger batch is bulk: whoever reads it works beside the thread that receives, not in its stead.</summary>
    private const int InteractiveDatagramsMax = 4;

    private readonly Socket _socket;
    private readonly ILogger _log;
    private readonly SocketAddresses _addresses = new();
    private readonly SendRun _run = new();
    private readonly ReceiveThreads _threads;
    private ISocketCalls _calls;
    private DatagramBatch _batch;
    private bool _joinsDatagrams;
    private BatchReceived? _received; // set when the threads start
    private volatile bool _stopped;
    private int _errorsInARow;
    private long _datagramsSent, _bytesSent, _sendCalls, _datagramsReceived, _bytesReceived, _receiveCalls;
    private long _sendsDropped, _receiveErrors;

    /// <param name="socket">A bound socket, which this one owns from now on.</param>
    public UdpSocket(Socket socket, UdpCalls calls, ILogger log)
    {
        _socket = socket;
        _log = log;
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _calls = (calls == UdpCalls.Fastest ? LinuxCalls.TryCreate(socket) : null) ?? (ISocketCalls)new PortableCalls(socket);
        _batch = new DatagramBatch(_calls.BatchMax);
        _joinsDatagrams = _calls.JoinsDatagrams;
        _threads = new ReceiveThreads("mesh-receive", ReceiveOnce);
    }

    public IPEndPoint LocalEndPoint { get; }

    public PortStatistics Statistics => new(
        Interlocked.Read(ref _datagramsSent),
        Interlocked.Read(ref _bytesSent),
        Interlocked.Read(ref _sendCalls),
        Interlocked.Read(ref _datagramsReceived),
        Interlocked.Read(ref _bytesReceived),
        Interlocked.Read(ref _receiveCalls),
        Interlocked.Read(ref _sendsDropped),
        Interlocked.Read(ref _receiveErrors));

    public void Start(BatchReceived received)
    {
        _received = received;
        _threads.Start();
    }

    public void Send(ReadOnlySpan<byte> datagram, PathAddress target)
    {
        if (!_joinsDatagrams)
        {
            _ = TrySendOne(datagram, target);
        }
        else if (!_run.TryAdd(datagram, target))
        {
            Flush();
            if (!_run.TryAdd(datagram, target))
            {
                _ = TrySendOne(datagram, target); // too long for any run
            }
        }
    }

    public void Flush()
    {
        if (_run.Count > 1)
        {
            FlushRun();
        }
        else if (_run.Count == 1)
        {
            _ = TrySendOne(_run[0], _run.Target);
        }
        _run.Clear();
    }

    /// <summary>Wakes the receive thread by a datagram to itself: closing a socket under a blocked call isn't portable.</summary>
    public void Dispose()
    {
        if (_stopped)
        {
            return;
        }
        _stopped = true;
        _threads.Stop();
        try
        {
            IPAddress self = LocalEndPoint.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
                : LocalEndPoint.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
                : LocalEndPoint.Address;
            _ = _socket.SendTo(ReadOnlySpan<byte>.Empty, SocketFlags.None, new IPEndPoint(self, LocalEndPoint.Port));
        }
        catch (SocketException)
        {
            // Without a route to itself the socket still wakes its reader on Linux when it closes.
        }
        _socket.Dispose();
        if (_threads.Join(JoinMsMax) is { } name)
        {
            HostingLog.ThreadLeftBehind(_log, name);
        }
    }

    private void FlushRun()
    {
        switch (TrySendRun())
        {
            case RunOutcome.Sent:
                _sendCalls++;
                _datagramsSent += _run.Count;
                _bytesSent += _run.Bytes.Length;
                break;
            case RunOutcome.Dropped:
                _sendsDropped += _run.Count;
                break;
            default:
                SendOneByOne();
                break;
        }
    }

    private RunOutcome TrySendRun()
    {
        try
        {
            return _calls.TrySendRun(_run.Bytes, _run.DatagramBytes, _addresses.ToSocket(_run.Target));
        }
        catch (ObjectDisposedException)
        {
            return RunOutcome.Dropped;
        }
    }

    /// <summary>If each datagram goes alone where the run did not, it is the run that this socket's way out can't take.</summary>
    private void SendOneByOne()
    {
        bool allWent = true;
        for (int i = 0; i < _run.Count; i++)
        {
            allWent &= TrySendOne(_run[i], _run.Target);
        }
        if (allWent)
        {
            _joinsDatagrams = false;
            HostingLog.RunsRefused(_log, LocalEndPoint);
        }
    }

    private bool TrySendOne(ReadOnlySpan<byte> datagram, PathAddress target)
    {
        try
        {
            if (!_stopped)
            {
                _ = _socket.SendTo(datagram, SocketFlags.None, _addresses.ToSocket(target));
                _sendCalls++;
                _datagramsSent++;
                _bytesSent += datagram.Length;
                return true;
            }
        }
        catch (SocketException e)
        {
            HostingLog.SendDropped(_log, e.SocketErrorCode);
        }
        catch (ObjectDisposedException)
        {
            // A send that races the disposal is one more lost datagram.
        }
        _sendsDropped++;
        return false;
    }

    private bool ReceiveOnce(out IThreadPoolWorkItem? waiter)
    {
        waiter = null;
        _batch.Clear();
        try
        {
            _calls.Receive(_batch);
            _errorsInARow = 0;
        }
        catch (SocketException e)
        {
            OnReceiveError(e.SocketErrorCode);
        }
        catch (PlatformNotSupportedException)
        {
            _joinsDatagrams = false;
            _calls = new PortableCalls(_socket);
            _batch = new DatagramBatch(_calls.BatchMax);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        if (_stopped)
        {
            return false;
        }
        if (_batch.Count > 0)
        {
            Count();
            Debug.Assert(_received is not null, "The threads start with a receiver.");
            waiter = _received(_batch);
            if (waiter is not null && _batch.Count > InteractiveDatagramsMax)
            {
                _ = ThreadPool.UnsafeQueueUserWorkItem(waiter, preferLocal: false);
                waiter = null;
            }
        }
        return true;
    }

    private void Count()
    {
        _receiveCalls++;
        _datagramsReceived += _batch.Count;
        for (int i = 0; i < _batch.Count; i++)
        {
            _bytesReceived += _batch.Datagram(i).Length;
        }
    }

    /// <summary>ICMP reports and oversized datagrams concern one path: the others go on.</summary>
    private void OnReceiveError(SocketError error)
    {
        _receiveErrors++;
        if (!_stopped && ++_errorsInARow >= ErrorsInARowMax)
        {
            HostingLog.ReceiveFailing(_log, error);
            Thread.Sleep(ErrorPauseMs);
        }
    }
}
