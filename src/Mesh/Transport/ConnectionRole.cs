namespace Darkbloom.Mesh.Transport;

/// <summary>Which end of the handshake this side was; it decides the lowest bit of the stream ids opened here.</summary>
public enum ConnectionRole
{
    Initiator,
    Responder,
}
