using System;
using System.Security.Cryptography;
namespace Darkbloom.Protocol.Identity;
/// <summary>A peer's static key pair; the private half lives in pinned memory that is zeroed on disposal.</summary>
public sealed class PeerIdentity : IDisposable
{
    public PublicKey PublicKey => throw new NotImplementedException();
    public PeerId Id => throw new NotImplementedException();
    /// <summary>Imports PKCS#8.</summary>
    public static PeerIdentity Import(ReadOnlySpan<byte> pkcs8) => throw new NotImplementedException();
    /// <summary>Wraps D || X || Y, 96 bytes.</summary>
    public static PeerIdentity FromKeyPair(ReadOnlySpan<byte> keyPair) => throw new NotImplementedException();
    public byte[] ExportPkcs8() => throw new NotImplementedException();
    public void Dispose() { }
}
