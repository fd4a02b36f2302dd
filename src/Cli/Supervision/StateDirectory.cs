using System;
using System.IO;

namespace Darkbloom.Cli.Supervision;

/// <summary>Where one local mesh keeps its files; a temporary one disappears with it.</summary>
/// <remarks>A lock file, held open, says that its mesh lives: the system releases it whatever happens to the process.</remarks>
internal sealed class StateDirectory : IDisposable
{
    private const string TemporaryPrefix = "darkbloom-up-";
    private const string LockName = "up.lock";

    private readonly FileStream _lock;
    private readonly bool _isTemporary;

    private StateDirectory(string path, FileStream @lock, bool isTemporary)
    {
        FullPath = path;
        _lock = @lock;
        _isTemporary = isTemporary;
    }

    public string FullPath { get; }

    /// <summary>Creates a private directory under <paramref name="parent"/>, and removes those whose mesh was killed.</summary>
    public static StateDirectory CreateTemporary(string parent)
    {
        RemoveAbandoned(parent);
        while (true)
        {
            string path = Path.Combine(parent, TemporaryPrefix + Path.GetRandomFileName());
            CreatePrivate(path);
            if (TryLock(path) is { } held)
            {
                return new StateDirectory(path, held, isTemporary: true);
            }
        }
    }

    /// <exception cref="InvalidOperationException">Another local mesh uses it.</exception>
    public static StateDirectory Open(string path)
    {
        string full = Path.GetFullPath(path);
        CreatePrivate(full);
        return TryLock(full) is { } held
            ? new StateDirectory(full, held, isTemporary: false)
            : throw new InvalidOperationException($"{full} is in use by another `darkbloom up`: stop it, or give another --state.");
    }

    /// <summary>The directory of one role, created.</summary>
    public string For(string role)
    {
        string path = Path.Combine(FullPath, role);
        CreatePrivate(path);
        return path;
    }

    /// <summary>Writes a file that only its owner can read.</summary>
    public string WritePrivate(string name, string text)
    {
        string path = Path.Combine(FullPath, name);
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using FileStream stream = new(path, options);
        using StreamWriter writer = new(stream);
        writer.Write(text);
        return path;
    }

    public void Dispose()
    {
        if (_isTemporary)
        {
            TryDelete(FullPath);
        }

        _lock.Dispose();
    }

    private static void RemoveAbandoned(string parent)
    {
        foreach (string path in Directory.EnumerateDirectories(parent, TemporaryPrefix + "*"))
        {
            if (!File.Exists(Path.Combine(path, LockName)))
            {
                // Either it is not ours or it is being created at this moment.
                continue;
            }

            using FileStream? held = TryLock(path);
            if (held is not null)
            {
                TryDelete(path);
            }
        }
    }

    private static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What is left is removed by the next start.
        }
    }
}
