using System;
using System.IO;
using System.Security.Cryptography;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>The files of one rendezvous, held by one process at a time.</summary>
/// <remarks>
/// <c>identity.key</c> is what peers pin; <c>ticket/identity.key</c> signs tickets and never leaves this process, so the
/// two can be replaced independently; <c>journal/</c> remembers who was let in. All are readable by their owner only.
/// </remarks>
internal sealed class StateDirectory : IDisposable
{
    private readonly FileStream _lock;

    private StateDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    public string Journal => System.IO.Path.Combine(Path, "journal");

    /// <exception cref="IOException">Another process holds the directory, or it can't be written.</exception>
    public static StateDirectory Open(string path)
    {
        _ = OperatingSystem.IsWindows()
            ? Directory.CreateDirectory(path)
            : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            return new StateDirectory(path, new FileStream(
                System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e)
        {
            throw new IOException($"The state directory {path} is in use by another rendezvous, or can't be written.", e);
        }
    }

    public PeerIdentity LoadIdentity() => IdentityStore.LoadOrCreate(Path);

    public TicketSigner LoadTicketSigner()
    {
        using PeerIdentity key = IdentityStore.LoadOrCreate(System.IO.Path.Combine(Path, "ticket"));
        byte[] pkcs8 = key.ExportPkcs8();
        try
        {
            return TicketSigner.Import(pkcs8);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    public void Dispose() => _lock.Dispose();
}
