using System;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Peering;

/// <summary>Where keys and unguessable numbers come from: the system in a process, a seed in a simulation.</summary>
public interface IEntropy
{
    void Fill(Span<byte> target);

    /// <summary>A fresh ephemeral key pair, the caller's to dispose of.</summary>
    KeyPair CreateKeyPair();
}
