using System;
using System.Security.Cryptography;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;

namespace Darkbloom.Bench.Micro;

/// <summary>Two ends of one session, as a real handshake leaves them.</summary>
internal sealed class PacketPair : IDisposable
{
    public const int PlaintextBytes = 1200;

    private readonly byte[] _header = new byte[DataPacketHeader.Size];
    private readonly byte[] _plaintext = new byte[PlaintextBytes];
    private readonly byte[] _datagram = new byte[PlaintextBytes + PacketProtector.TagSize];
    private readonly PacketProtector _sender;
    private readonly PacketProtector _receiver;
    private ulong _packetNumber;

    public PacketPair()
    {
        byte[] prologue = HandshakePrologue.Create("bench");
        using PeerIdentity left = NewIdentity();
        using PeerIdentity right = NewIdentity();
        using InitiatorHandshake initiator = new(prologue, left, right.PublicKey, SystemEntropy.Instance.CreateKeyPair());
        using ResponderHandshake responder = new(prologue, right, SystemEntropy.Instance.CreateKeyPair());
        byte[] message = new byte[InitiatorHandshake.InitLength(0)];
        bool isOpened = initiator.TryWriteInit([], [], message, out int length)
            && responder.TryReadInit([], message.AsSpan(0, length), [], out _, out _);
        byte[] answer = new byte[ResponderHandshake.ResponseLength(0)];
        _ = responder.WriteResponse([], [], answer);
        if (!isOpened || !initiator.TryReadResponse([], answer, [], out _))
        {
            throw new InvalidOperationException("The handshake failed.");
        }

        using SessionKeys sending = initiator.Split();
        using SessionKeys receiving = responder.Split();
        (_sender, _receiver) = (new PacketProtector(sending), new PacketProtector(receiving));
    }

    /// <summary>One packet's way from plaintext to plaintext; false if it did not arrive.</summary>
    public bool SealAndOpen()
    {
        ulong number = _packetNumber++;
        return _sender.TrySeal(number, _header, _plaintext, _datagram)
            && _receiver.TryOpen(number, _sender.KeyPhase, _header, _datagram, _plaintext);
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }

    private static PeerIdentity NewIdentity()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return PeerIdentity.Import(key.ExportPkcs8PrivateKey());
    }
}
