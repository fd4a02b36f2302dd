using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;

namespace Darkbloom.Gateway.Storage;

/// <summary>What a gateway keeps on its disk: sealed, in files that only their owner reads, held by one process at a time.</summary>
/// <remarks>
/// <c>storage.key</c> is the secret that seals the rest: without it nothing can be read again. Everything else is a file
/// that its kind and its id name. A document is replaced whole; a <see cref="SealedLog"/> only grows.
/// </remarks>
internal sealed class SealedDirectory : IDisposable
{
    public const string KeyName = "storage.key";

    private const string LockName = "storage.lock";

    /// <summary>How a document is called while it is being written.</summary>
    private const string UnfinishedEnd = ".new";

    private readonly string _path;
    private readonly FileStream _lock;
    private readonly StateSeal _seal;

    private SealedDirectory(string path, FileStream held)
    {
        (_path, _lock) = (path, held);
        _seal = new StateSeal(LoadOrCreateSecret(Path.Combine(path, KeyName)));
    }

    /// <exception cref="IOException">Another gateway holds the directory, or it can't be written.</exception>
    /// <exception cref="InvalidDataException">The key was damaged; the message says what to do.</exception>
    public static SealedDirectory Open(string path)
    {
        PrivateFile.CreateDirectory(path);
        FileStream held;
        try
        {
            held = new FileStream(Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"The state directory {path} is in use by another gateway, or can't be written.", e);
        }

        try
        {
            return new SealedDirectory(path, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>A name for whoever presents an API key, by which files know whose they are; it says nothing of the key.</summary>
    public string OwnerOf(string apiKey) => _seal.TagOf(apiKey);

    /// <summary>The ids of all files of a kind, sorted. What a crash left unfinished is removed.</summary>
    public IReadOnlyList<string> List(string kind)
    {
        string directory = Path.Combine(_path, kind);
        PrivateFile.CreateDirectory(directory);
        foreach (string unfinished in Directory.EnumerateFiles(directory, "*" + UnfinishedEnd))
        {
            File.Delete(unfinished);
        }

        return [.. Directory.EnumerateFiles(directory).Select(static file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
    }

    /// <summary>Replaces a document: after a crash it is the old or the new one, whole.</summary>
    public void Write(string kind, string id, ReadOnlySpan<byte> document) =>
        PrivateFile.Replace(At(kind, id), UnfinishedEnd, _seal.Seal(kind, id, document));

    /// <exception cref="InvalidDataException">The file is no document that this gateway wrote under this name.</exception>
    public byte[] Read(string kind, string id) =>
        _seal.TryOpen(kind, id, File.ReadAllBytes(At(kind, id))) ?? throw new InvalidDataException($"{At(kind, id)} is damaged.");

    public bool Exists(string kind, string id) => File.Exists(At(kind, id));

    /// <summary>Opens a log, or makes an empty one.</summary>
    /// <exception cref="InvalidDataException">The log is damaged, not merely cut short.</exception>
    public SealedLog OpenLog(string kind, string id)
    {
        PrivateFile.CreateDirectory(Path.Combine(_path, kind));
        return SealedLog.Open(At(kind, id), _seal, $"{kind}/{id}");
    }

    public void Delete(string kind, string id) => File.Delete(At(kind, id));

    public void Dispose() => _lock.Dispose();

    private string At(string kind, string id) => Path.Combine(_path, kind, id);

    private static byte[] LoadOrCreateSecret(string path)
    {
        if (!File.Exists(path))
        {
            PrivateFile.Replace(path, UnfinishedEnd, RandomNumberGenerator.GetBytes(StateSeal.SecretBytes));
        }

        byte[] secret = File.ReadAllBytes(path);
        return secret.Length == StateSeal.SecretBytes ? secret : throw new InvalidDataException(
            $"{path} holds no key of {StateSeal.SecretBytes} bytes. Restore it from a backup, or delete it with the directories beside it to start without files and batches.");
    }
}
