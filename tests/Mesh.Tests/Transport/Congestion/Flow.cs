using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Tests.Transport.Congestion;

/// <summary>A sender with endless bulk, short messages that are echoed, or both, and its receiver.</summary>
internal sealed class Flow : IDisposable
{
    public const int MessageBytes = 200;

    private static readonly byte[] s_chunk = new byte[64 * 1024];
    private static readonly byte[] s_target = new byte[64 * 1024];

    private readonly Queue<Instant> _asked = new();
    private StreamId? _bulk;
    private StreamId? _messages;
    private long _echoed;
    private bool _repliesAtOnce;

    public Flow(Connection sender, Connection receiver)
    {
        Sender = sender;
        Receiver = receiver;
    }

    public Connection Sender { get; }

    public Connection Receiver { get; }

    /// <summary>Bulk bytes that the receiver's application has read.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>From writing a message to reading the last byte of its echo.</summary>
    public List<TimeSpan> EchoTimes { get; } = [];

    public void SendBulk() => _bulk = Sender.OpenStream(StreamPriority.Bulk);

    public void SendMessage(Instant now)
    {
        _messages ??= Sender.OpenStream(StreamPriority.Tokens);
        _asked.Enqueue(now);
        _ = Sender.Write(_messages!.Value, s_chunk.AsSpan(0, MessageBytes));
    }

    /// <summary>Each echo is answered with the next message.</summary>
    public void PingPong(Instant now)
    {
        _repliesAtOnce = true;
        SendMessage(now);
    }

    /// <summary>What both applications do whenever something may have changed; true if there may be more to send.</summary>
    public bool Pump(Instant now)
    {
        bool any = TakeEvents(Sender) | TakeEvents(Receiver);
        while (_bulk is { } bulk && Sender.Write(bulk, s_chunk) > 0)
        {
            any = true;
        }
        while (_bulk is { } read && Receiver.Read(read, s_target, out _) is > 0 and int count)
        {
            BytesReceived += count;
            any = true;
        }
        while (_messages is { } there && Receiver.Read(there, s_target, out _) is > 0 and int count)
        {
            _ = Receiver.Write(there, s_target.AsSpan(0, count));
            any = true;
        }
        while (_messages is { } back && Sender.Read(back, s_target, out _) is > 0 and int count)
        {
            any = true;
            _echoed += count;
            NoteEchoes(now);
        }
        return any;
    }

    public void Dispose()
    {
        Sender.Dispose();
        Receiver.Dispose();
    }

    private void NoteEchoes(Instant now)
    {
        while (_echoed >= MessageBytes)
        {
            _echoed -= MessageBytes;
            EchoTimes.Add(now - _asked.Dequeue());
            if (_repliesAtOnce)
            {
                SendMessage(now);
            }
        }
    }

    private static bool TakeEvents(Connection connection)
    {
        bool any = false;
        while (connection.TryTakeEvent(out _))
        {
            any = true;
        }
        return any;
    }
}
