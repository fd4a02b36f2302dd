using System;
using System.Security.Cryptography;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>The keys of one real handshake, made once: connections copy what they need of them.</summary>
internal static class TestSession
{
    internal static SessionKeys Initiator { get; }

    internal static SessionKeys Responder { get; }

    static TestSession()
    {
        byte[] prologue = HandshakePrologue.Create("test");
        using PeerIdentity client = PeerIdentity.FromKeyPair(FreshBytes());
        using PeerIdentity server = PeerIdentity.FromKeyPair(FreshBytes());
        using InitiatorHandshake initiator = new(prologue, client, server.PublicKey, Fresh());
        using ResponderHandshake responder = new(prologue, server, Fresh());
        byte[] init = new byte[InitiatorHandshake.InitLength(0)];
        byte[] response = new byte[ResponderHandshake.ResponseLength(0)];
        byte[] payload = new byte[init.Length];
        Assert.True(initiator.TryWriteInit([], [], init, out _));
        Assert.True(responder.TryReadInit([], init, payload, out _, out _));
        _ = responder.WriteResponse([], [], response);
        Assert.True(initiator.TryReadResponse([], response, payload, out _));
        Initiator = initiator.Split();
        Responder = responder.Split();
    }

    private static KeyPair Fresh() =>
        KeyPair.TryImport(FreshBytes(), out KeyPair? pair) ? pair : throw new InvalidOperationException();

    private static byte[] FreshBytes()
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        ECParameters parameters = key.ExportParameters(includePrivateParameters: true);
        return [.. parameters.D!, .. parameters.Q.X!, .. parameters.Q.Y!];
    }
}
