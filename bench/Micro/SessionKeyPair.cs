using System;
using System.Security.Cryptography;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Bench.Micro;

/// <summary>The keys of both ends of one session, as a real handshake leaves them.</summary>
internal sealed class SessionKeyPair : IDisposable
{
    public SessionKeyPair()
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

        (Initiator, Responder) = (initiator.Split(), responder.Split());
    }

    public SessionKeys Initiator { get; }

    public SessionKeys Responder { get; }

    public void Dispose()
    {
        Initiator.Dispose();
        Responder.Dispose();
    }

    private static PeerIdentity NewIdentity()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return PeerIdentity.Import(key.ExportPkcs8PrivateKey());
    }
}
