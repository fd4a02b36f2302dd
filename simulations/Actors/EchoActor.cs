using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;

namespace Darkbloom.Simulations.Actors;

/// <summary>Returns on each stream that others open to a peer what arrives on it.</summary>
public sealed class EchoActor(SimPeer peer)
{
    private const int BufferBytes = 16 * 1024;

    private readonly Dictionary<(MeshSession Session, StreamId Stream), Held> _streams = [];

    public void OnEvent(PeerEvent e)
    {
        if (e.Kind != PeerEventKind.Session)
        {
            return;
        }
        (MeshSession, StreamId) key = (e.Session!, e.Event.Stream);
        switch (e.Event.Kind)
        {
            case ConnectionEventKind.StreamOpened:
                _streams.Add(key, new Held());
                peer.Do(() => Pump(e.Session!, e.Event.Stream));
                break;
            case ConnectionEventKind.StreamReadable or ConnectionEventKind.StreamWritable when _streams.ContainsKey(key):
                peer.Do(() => Pump(e.Session!, e.Event.Stream));
                break;
            case ConnectionEventKind.StreamFinished or ConnectionEventKind.StreamReset or ConnectionEventKind.StreamStopped:
                _ = _streams.Remove(key);
                break;
            default:
                break;
        }
    }

    /// <summary>Holds one buffer at most: while the way back is shut, the window on the way in fills.</summary>
    private void Pump(MeshSession session, StreamId stream)
    {
        Held held = _streams[(session, stream)];
        while (!held.IsCompleted)
        {
            held.Start += session.Write(stream, held.Buffer.AsSpan(held.Start, held.Length - held.Start));
            if (held.Start < held.Length)
            {
                return; // StreamWritable goes on
            }
            if (held.IsFinished)
            {
                held.IsCompleted = true;
                session.CompleteWrites(stream);
                return;
            }
            held.Start = 0;
            held.Length = session.Read(stream, held.Buffer, out bool finished);
            held.IsFinished = finished;
            if (held.Length == 0 && !finished)
            {
                return; // StreamReadable goes on
            }
        }
    }

    private sealed class Held
    {
        public byte[] Buffer { get; } = new byte[BufferBytes];

        public int Start { get; set; }

        public int Length { get; set; }

        public bool IsFinished { get; set; }

        public bool IsCompleted { get; set; }
    }
}
