using System;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations.Actors;

/// <summary>Connects to a peer that echoes, sends bytes, and compares what comes back, byte by byte.</summary>
/// <remarks><code>
/// Planned    -> [Begin]                            -> Connecting
/// Planned    -> [Begin over a session]             -> Exchanging
/// Connecting -> [connected]                        -> Exchanging
/// Connecting -> [connecting failed]                -> Failed
/// Exchanging -> [the end came after all bytes]     -> Complete
/// Exchanging -> [a wrong byte, a reset, a close]   -> Failed
/// </code></remarks>
public sealed class Exchange(World world, SimPeer peer, int bytes, ulong pattern)
{
    private const int BufferBytes = 16 * 1024;

    private readonly byte[] _sent = PatternOf(bytes, pattern);
    private ulong _attempt;
    private MeshSession? _session;
    private StreamId _stream;
    private int _written;
    private int _read;

    public bool IsComplete { get; private set; }

    public bool HasFailed { get; private set; }

    /// <summary>The event that ended a failed exchange; empty when a wrong byte did.</summary>
    public string Failure { get; private set; } = "";

    /// <summary>From the first Init to the last byte back.</summary>
    public TimeSpan Duration { get; private set; }

    public Instant BeganAt { get; private set; }

    public void Begin(SimPeer target)
    {
        BeganAt = world.Now;
        _attempt = peer.Connect(target);
    }

    /// <summary>The same over a session that is open.</summary>
    public void Begin(MeshSession session)
    {
        BeganAt = world.Now;
        Open(session);
    }

    public void OnEvent(SimPeer told, PeerEvent e)
    {
        if (told != peer || IsComplete || HasFailed)
        {
            return;
        }
        if (_attempt != 0 && e.Attempt == _attempt)
        {
            OnSettled(e);
        }
        else if (_session is not null && e.Session == _session)
        {
            OnSession(e.Event);
        }
    }

    private void OnSettled(PeerEvent e)
    {
        if (e.Kind != PeerEventKind.Connected)
        {
            HasFailed = true;
            Failure = $"{e.Kind} {e.Failure} {e.Code} after {(world.Now - BeganAt).TotalSeconds:F1} s";
            return;
        }
        Open(e.Session!);
    }

    private void Open(MeshSession session)
    {
        _session = session;
        peer.Do(() =>
        {
            _stream = session.OpenStream(StreamPriority.Prompts) ?? throw new InvalidOperationException("No stream.");
            Write();
        });
    }

    private void OnSession(ConnectionEvent e)
    {
        if (e.Kind is ConnectionEventKind.StreamReset or ConnectionEventKind.StreamStopped or ConnectionEventKind.Closed)
        {
            HasFailed = true;
            Failure = $"{e.Kind} {e.Code} {e.Reason} after {(world.Now - BeganAt).TotalSeconds:F1} s";
        }
        else if (e.Kind == ConnectionEventKind.StreamWritable && e.Stream == _stream)
        {
            peer.Do(Write);
        }
        else if (e.Kind == ConnectionEventKind.StreamReadable && e.Stream == _stream)
        {
            peer.Do(Read);
        }
    }

    private void Write()
    {
        if (_written < _sent.Length)
        {
            _written += _session!.Write(_stream, _sent.AsSpan(_written));
            if (_written == _sent.Length)
            {
                _session.CompleteWrites(_stream);
            }
        }
    }

    private void Read()
    {
        Span<byte> buffer = stackalloc byte[BufferBytes];
        bool finished;
        int read;
        do
        {
            read = _session!.Read(_stream, buffer, out finished);
            HasFailed |= read > _sent.Length - _read
                || !buffer[..read].SequenceEqual(_sent.AsSpan(_read, Math.Min(read, _sent.Length - _read)));
            _read += read;
        }
        while (read > 0 && !finished && !HasFailed);
        if (finished && !HasFailed)
        {
            IsComplete = _read == _sent.Length;
            HasFailed = !IsComplete;
            Duration = world.Now - BeganAt; // the session stays: when both began at once, the other uses it too
        }
    }

    private static byte[] PatternOf(int bytes, ulong seed)
    {
        byte[] pattern = new byte[bytes];
        new SeededEntropy(new Prng(seed)).Fill(pattern);
        return pattern;
    }
}
