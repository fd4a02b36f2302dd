using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Node.Models;

/// <summary>The models of this machine: the ones that ship with the program and the ones that its owner added.</summary>
/// <remarks>
/// It holds no state: each call reads the two folders' indexes, so that several processes can use it. An added model's
/// file is checked and hashed before it appears, and appears at once or not at all.
/// </remarks>
public sealed class ModelCatalogue
{
    public const string BuiltInId = "darkbloom-tiny";
    public const string BuiltInSpeechId = "darkbloom-words";
    public const int IdCharactersMax = 128;

    private const int BufferBytes = 1 << 20;
    private const string LockFileName = "index.lock";

    private readonly string _shippedDirectory;
    private readonly string _ownDirectory;

    public ModelCatalogue(string shippedDirectory, string ownDirectory)
    {
        ArgumentException.ThrowIfNullOrEmpty(shippedDirectory);
        ArgumentException.ThrowIfNullOrEmpty(ownDirectory);
        _shippedDirectory = Path.GetFullPath(shippedDirectory);
        _ownDirectory = Path.GetFullPath(ownDirectory);
    }

    /// <summary>Where the program's own models lie.</summary>
    public static string ShippedDirectory => Path.Combine(AppContext.BaseDirectory, "models");

    /// <summary>All models, the program's own first.</summary>
    /// <exception cref="InvalidModelException">An index is damaged.</exception>
    public IReadOnlyList<ModelEntry> List() => [.. ModelIndex.Read(_shippedDirectory), .. ModelIndex.Read(_ownDirectory)];

    /// <summary>The model with this id, or the GGUF file at this path, which needn't be in the catalogue.</summary>
    /// <exception cref="InvalidModelException">There is neither; the message says what there is.</exception>
    public ModelEntry Resolve(string idOrPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(idOrPath);
        IReadOnlyList<ModelEntry> models = List();
        if (models.FirstOrDefault(model => model.Id == idOrPath) is { } known)
        {
            return File.Exists(known.Path)
                ? known
                : throw new InvalidModelException($"The file of model {known.Id} is missing: {known.Path}");
        }

        if (!File.Exists(idOrPath))
        {
            throw new InvalidModelException(
                $"There is no model and no file '{idOrPath}'. Models here: {string.Join(", ", models.Select(model => model.Id))}");
        }

        string path = Path.GetFullPath(idOrPath);
        return Describe(Path.GetFileNameWithoutExtension(path), path, sha256: "");
    }

    /// <summary>Compares a model's file with what it was when it was added, by its SHA-256.</summary>
    /// <param name="progress">Is told the bytes read so far.</param>
    public static async Task<ModelCondition> VerifyAsync(
        ModelEntry model, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!File.Exists(model.Path))
        {
            return ModelCondition.Missing;
        }

        if (new FileInfo(model.Path).Length != model.SizeBytes)
        {
            return ModelCondition.Changed;
        }

        string actual = await HashAsync(model.Path, Stream.Null, progress, cancellationToken);
        return string.Equals(actual, model.Sha256, StringComparison.OrdinalIgnoreCase)
            ? ModelCondition.Intact
            : ModelCondition.Changed;
    }

    /// <summary>Adds the GGUF file at <paramref name="path"/> under <paramref name="id"/>.</summary>
    /// <exception cref="InvalidModelException">The id is taken or malformed, or the file is no usable model.</exception>
    public async Task<ModelEntry> AddAsync(
        string id, string path, ModelPlacement placement, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(id);
        ArgumentException.ThrowIfNullOrEmpty(path);
        RefuseMalformed(id);
        path = Path.GetFullPath(path);
        Describe(id, path, sha256: "");

        try
        {
            Directory.CreateDirectory(_ownDirectory);
            using FileStream gate = Lock();
            RefuseTaken(id);
            if (placement == ModelPlacement.InPlace)
            {
                string sha256 = await HashAsync(path, Stream.Null, progress, cancellationToken);
                return Append(Describe(id, path, sha256));
            }

            return await CopyAsync(id, path, progress, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidModelException($"Model {id} cannot be added: {exception.Message}", exception);
        }
    }

    private async Task<ModelEntry> CopyAsync(
        string id, string path, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        string target = Path.Combine(_ownDirectory, id + (WhisperFileReader.IsWhisper(path) ? ".bin" : ".gguf"));
        string unfinished = $"{target}.{Guid.NewGuid():N}";
        try
        {
            string sha256;
            await using (FileStream copy = new(unfinished, FileMode.CreateNew, FileAccess.Write))
            {
                sha256 = await HashAsync(path, copy, progress, cancellationToken);
                await copy.FlushAsync(cancellationToken);
                RandomAccess.FlushToDisk(copy.SafeFileHandle);
            }

            // The copy is what will be loaded, so the copy is what is described.
            ModelEntry entry = Describe(id, unfinished, sha256);
            File.Move(unfinished, target);
            return Append(entry with { Path = target });
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private ModelEntry Append(ModelEntry entry)
    {
        ModelIndex.Write(_ownDirectory, [.. ModelIndex.Read(_ownDirectory), entry]);
        return entry;
    }

    private FileStream Lock()
    {
        string path = Path.Combine(_ownDirectory, LockFileName);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new InvalidModelException($"Another process is adding a model to {_ownDirectory}.", exception);
        }
    }

    private void RefuseTaken(string id)
    {
        if (List().Any(model => string.Equals(model.Id, id, StringComparison.OrdinalIgnoreCase)))
        {
            throw new InvalidModelException($"There already is a model {id}.");
        }
    }

    // The id names a file and travels in URLs.
    private static void RefuseMalformed(string id)
    {
        bool isWellFormed = id.Length is > 0 and <= IdCharactersMax && char.IsAsciiLetterOrDigit(id[0])
            && id.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.' or ':');
        if (!isWellFormed)
        {
            throw new InvalidModelException(
                $"A model's id has 1 to {IdCharactersMax} letters, digits, '-', '_', '.' or ':' and begins with a letter or digit.");
        }
    }

    private static ModelEntry Describe(string id, string path, string sha256)
    {
        if (WhisperFileReader.IsWhisper(path))
        {
            WhisperFile speech = WhisperFileReader.ReadFile(path);
            return new ModelEntry(
                id, path, sha256, new FileInfo(path).Length, speech.TextTokens, WhisperFile.Architecture, speech.Parameters);
        }

        GgufFile file = GgufReader.ReadFile(path);
        return new ModelEntry(
            id, path, sha256, new FileInfo(path).Length, file.ContextTokens, file.Architecture, file.Parameters);
    }

    private static async Task<string> HashAsync(
        string path, Stream copy, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using FileStream stream = new(
            path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan | FileOptions.Asynchronous);
        byte[] buffer = new byte[BufferBytes];
        long total = 0;
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            hash.AppendData(buffer, 0, count);
            await copy.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            total += count;
            progress?.Report(total);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
