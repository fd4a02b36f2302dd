using System;
using System.Text;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Xunit;

namespace Darkbloom.Protocol.Tests.Handshake;

/// <summary>An initiator and a responder with fresh keys, and the messages between them.</summary>
internal sealed class HandshakePair : IDisposable
{
    internal const string InitText = "first flight";
    internal const string ResponseText = "second flight";

    internal static readonly byte[] Prologue = HandshakePrologue.Create("test");
    internal static readonly byte[] InitHeader = NewInitHeader();
    internal static readonly byte[] ResponseHeader = NewResponseHeader();

    internal HandshakePair()
    {
        Initiator = new InitiatorHandshake(Prologue, InitiatorIdentity, ResponderIdentity.PublicKey, TestKeys.Fresh());
        Responder = new ResponderHandshake(Prologue, ResponderIdentity, TestKeys.Fresh());
    }

    internal PeerIdentity InitiatorIdentity { get; } = TestKeys.FreshIdentity();

    internal PeerIdentity ResponderIdentity { get; } = TestKeys.FreshIdentity();

    internal InitiatorHandshake Initiator { get; }

    internal ResponderHandshake Responder { get; }

    internal byte[] WriteInit()
    {
        byte[] payload = Encoding.UTF8.GetBytes(InitText);
        byte[] message = new byte[InitiatorHandshake.InitLength(payload.Length)];
        Assert.True(Initiator.TryWriteInit(InitHeader, payload, message, out int length));
        Assert.Equal(message.Length, length);
        return message;
    }

    internal byte[] Answer(byte[] init)
    {
        byte[] target = new byte[init.Length];
        Assert.True(Responder.TryReadInit(InitHeader, init, target, out int length, out PublicKey initiator));
        Assert.Equal(InitText, Encoding.UTF8.GetString(target.AsSpan(0, length)));
        Assert.Equal(InitiatorIdentity.PublicKey, initiator);
        byte[] payload = Encoding.UTF8.GetBytes(ResponseText);
        byte[] message = new byte[ResponderHandshake.ResponseLength(payload.Length)];
        Assert.Equal(message.Length, Responder.WriteResponse(ResponseHeader, payload, message));
        return message;
    }

    internal void Finish(byte[] response)
    {
        byte[] target = new byte[response.Length];
        Assert.True(Initiator.TryReadResponse(ResponseHeader, response, target, out int length));
        Assert.Equal(ResponseText, Encoding.UTF8.GetString(target.AsSpan(0, length)));
    }

    /// <summary>The keys of both sides after an undisturbed handshake.</summary>
    internal static (SessionKeys Initiator, SessionKeys Responder) Complete()
    {
        using HandshakePair pair = new();
        pair.Finish(pair.Answer(pair.WriteInit()));
        return (pair.Initiator.Split(), pair.Responder.Split());
    }

    public void Dispose()
    {
        Initiator.Dispose();
        Responder.Dispose();
        InitiatorIdentity.Dispose();
        ResponderIdentity.Dispose();
    }

    private static byte[] NewInitHeader()
    {
        byte[] header = new byte[InitPacket.HeaderBytes];
        InitPacket.WriteHeader(new ConnectionId(1), header);
        return header;
    }

    private static byte[] NewResponseHeader()
    {
        byte[] header = new byte[ResponsePacket.HeaderBytes];
        ResponsePacket.WriteHeader(new ConnectionId(1), new ConnectionId(2), header);
        return header;
    }
}
