using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Darkbloom.Mesh;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Bench.Transport.Workloads;

/// <summary>Handshakes through one peer's core on one thread, tickets verified, without sockets: only the responder's part is timed.</summary>
internal sealed class ResponderLoad : IDisposable
{
    private const string Network = "bench";
    private const int Initiators = 200;
    private const int WrongMacs = 50_000;
    private static readonly PathAddress _responderAddress = PathAddress.From(new IPEndPoint(IPAddress.Loopback, 1));

    private readonly List<IDisposable> _owned = [];
    private readonly byte[] _datagram = new byte[65_535];
    private readonly UnixTime _clock = new(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
    private readonly TicketSigner _signer;
    private readonly MeshPeer _responder;
    private readonly PublicKey _responderKey;
    private UInt128 _serial;

    public ResponderLoad()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _signer = TicketSigner.Import(key.ExportPkcs8PrivateKey());
        (_responder, _responderKey) = NewPeer();
    }

    /// <summary>What the responder has sent in answer to Inits with a wrong mac1.</summary>
    public long BytesToStrangers { get; private set; }

    public double HandshakesPerSecond()
    {
        (MeshPeer Peer, byte[] Init)[] initiators = new (MeshPeer, byte[])[Initiators];
        for (int i = 0; i < Initiators; i++)
        {
            (MeshPeer peer, _) = NewPeer();
            _ = peer.Connect(MeshHost.Now, _responderKey, _responderAddress);
            initiators[i] = (peer, Next(peer) ?? throw new InvalidOperationException("A peer sent no Init."));
        }
        long spent = 0;
        for (int i = 0; i < Initiators; i++)
        {
            (MeshPeer peer, byte[] init) = initiators[i];
            PathAddress address = PathAddress.From(new IPEndPoint(IPAddress.Loopback, 1000 + i));
            long started = Stopwatch.GetTimestamp();
            _responder.Receive(MeshHost.Now, address, init);
            byte[]? response = Next(_responder);
            spent += Stopwatch.GetTimestamp() - started;
            if (response is null)
            {
                throw new InvalidOperationException("An Init was not answered.");
            }
            peer.Receive(MeshHost.Now, _responderAddress, response);
            while (Next(peer) is { } datagram)
            {
                started = Stopwatch.GetTimestamp();
                _responder.Receive(MeshHost.Now, address, datagram);
                spent += Stopwatch.GetTimestamp() - started;
            }
        }
        return _responder.Counters.HandshakesAccepted == Initiators
            ? Initiators / Stopwatch.GetElapsedTime(0, spent).TotalSeconds
            : throw new InvalidOperationException($"Only {_responder.Counters.HandshakesAccepted} of {Initiators} handshakes came about.");
    }

    public double WrongMacMicroseconds()
    {
        (MeshPeer stranger, _) = NewPeer();
        _ = stranger.Connect(MeshHost.Now, _responderKey, _responderAddress);
        byte[] init = Next(stranger)!;
        init[^1] ^= 1;
        PathAddress address = PathAddress.From(new IPEndPoint(IPAddress.Loopback, 2));
        while (Next(_responder) is not null)
        {
            // What earlier peers are still owed is not the stranger's.
        }
        long before = _responder.Counters.InitsWithoutMac;
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < WrongMacs; i++)
        {
            _responder.Receive(MeshHost.Now, address, init);
        }
        TimeSpan spent = Stopwatch.GetElapsedTime(started);
        while (Next(_responder) is { } answer)
        {
            BytesToStrangers += answer.Length;
        }
        return _responder.Counters.InitsWithoutMac == before + WrongMacs
            ? spent.TotalMicroseconds / WrongMacs
            : throw new InvalidOperationException("An Init with a wrong mac1 was taken for another.");
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }
        _signer.Dispose();
    }

    private (MeshPeer Peer, PublicKey Key) NewPeer()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        PeerIdentity identity = PeerIdentity.Import(key.ExportPkcs8PrivateKey());
        RateLimit unlimited = new(PerSecond: 1_000_000, Burst: 1_000_000);
        MeshPeerOptions options = new()
        {
            Network = Network,
            Limits = new HandshakeLimits { WithoutCookie = unlimited, PerPrefix = unlimited },
        };
        MeshPeer peer = new(MeshHost.Now, _clock, options, identity, SystemEntropy.Instance);
        peer.UseTicket(MeshHost.Now, NewTicket(identity.PublicKey));
        _ = peer.TrustTicketKey(_signer.PublicKey);
        _owned.Add(peer);
        _owned.Add(identity);
        return (peer, identity.PublicKey);
    }

    private byte[] NewTicket(PublicKey holder)
    {
        TimeSpan half = TimeSpan.FromSeconds(Ticket.LifetimeSecondsMax / 2);
        return _signer.Sign(new Ticket(
            Network,
            ++_serial,
            NotBefore: _clock + -half,
            NotAfter: _clock + half,
            holder,
            ReceiptKey: holder,
            PeerRoles.Node | PeerRoles.Gateway,
            TrustTier.Self,
            EvidenceHash: ReadOnlyMemory<byte>.Empty));
    }

    private byte[]? Next(MeshPeer peer) =>
        peer.TryTransmit(MeshHost.Now, _datagram, out Transmit transmit) ? _datagram[..transmit.Length] : null;
}
