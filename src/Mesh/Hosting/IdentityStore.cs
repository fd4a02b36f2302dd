using System;
using System.IO;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Keeps a peer's private key in one file that only its owner can read.</summary>
public static class IdentityStore
{
    public const string FileName = "identity.key";

    /// <summary>A P-256 key in PKCS#8 takes about 140 bytes; a file beyond this is something else.</summary>
    public const int FileBytesMax = 4096;

    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyDirectory = OwnerOnlyFile | UnixFileMode.UserExecute;

    /// <summary>The identity kept in <paramref name="directory"/>, made on first use.</summary>
    /// <exception cref="InvalidDataException">The file holds no key; the message says what to do.</exception>
    public static PeerIdentity LoadOrCreate(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        CreateDirectory(directory);
        string path = Path.Combine(directory, FileName);
        return File.Exists(path) ? Load(path) : Create(path);
    }

    private static PeerIdentity Load(string path)
    {
        if (new FileInfo(path).Length is 0 or > FileBytesMax)
        {
            throw Corrupt(path, null);
        }
        byte[] pkcs8 = File.ReadAllBytes(path);
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, OwnerOnlyFile);
            }
            return PeerIdentity.Import(pkcs8);
        }
        catch (ArgumentException e)
        {
            throw Corrupt(path, e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>Writes beside the target and renames: a crash leaves no half-written key behind.</summary>
    private static PeerIdentity Create(string path)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] pkcs8 = key.ExportPkcs8PrivateKey();
        string temporary = $"{path}.{Environment.ProcessId}.new";
        try
        {
            FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnlyFile;
            }
            using (FileStream file = new(temporary, options))
            {
                file.Write(pkcs8);
                file.Flush(flushToDisk: true);
            }
            return Publish(temporary, path) ? PeerIdentity.Import(pkcs8) : Load(path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
            File.Delete(temporary);
        }
    }

    /// <summary>False when another process put its key there first: that one counts, this one is forgotten.</summary>
    private static bool Publish(string temporary, string path)
    {
        try
        {
            File.Move(temporary, path, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
    }

    private static void CreateDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(directory);
        }
        else if (!Directory.Exists(directory))
        {
            _ = Directory.CreateDirectory(directory, OwnerOnlyDirectory);
        }
    }

    private static InvalidDataException Corrupt(string path, Exception? cause) => new(
        $"{path} holds no P-256 private key in PKCS#8. Restore it from a backup, or delete it to start with a new identity.",
        cause);
}
