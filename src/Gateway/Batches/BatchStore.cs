using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Darkbloom.Gateway.Files;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Storage;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.Batches;

/// <summary>The batches of all clients, on the gateway's disk.</summary>
/// <remarks>A batch is a document that is replaced at each step, and, while it runs, a log of its answered lines.</remarks>
internal sealed class BatchStore
{
    /// <summary>Batches of one key that aren't over; one more is refused.</summary>
    public const int OpenPerKeyMax = 32;

    /// <summary>Batches of one key altogether: the oldest that is over gives way.</summary>
    public const int KeptPerKeyMax = 1000;

    private const string Documents = "batches";
    private const string Logs = "results";

    private readonly SealedDirectory _disk;
    private readonly FileStore _files;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Batch> _byId = [];

    /// <exception cref="System.IO.InvalidDataException">A document is damaged, or its key is another one.</exception>
    public BatchStore(SealedDirectory disk, FileStore files, TimeProvider time)
    {
        (_disk, _files, _time) = (disk, files, time);
        foreach (string id in disk.List(Documents))
        {
            Add(BatchState.Read(disk.Read(Documents, id)));
        }

        foreach (string id in disk.List(Logs).Where(id => !_byId.TryGetValue(id, out Batch? batch) || batch.State.IsOver))
        {
            disk.Delete(Logs, id);
        }
    }

    public long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Batches that aren't over, the oldest first.</summary>
    public IReadOnlyList<Batch> Open()
    {
        lock (_gate)
        {
            return [.. InOrder(_byId.Values.Where(static batch => !batch.State.IsOver))];
        }
    }

    /// <summary>Makes a batch of an owner's file; null with what is wrong.</summary>
    public (Batch? Batch, ApiError? Error) Create(string owner, BatchRequest request)
    {
        if (_files.Find(owner, request.InputFileId) is not { } input)
        {
            return (null, FileErrors.NotFound(request.InputFileId) with { Param = "input_file_id" });
        }

        if (input.Purpose != FileForm.BatchPurpose)
        {
            return (null, ApiError.Invalid(
                $"Invalid 'input_file_id': the file was uploaded with the purpose '{input.Purpose}', not '{FileForm.BatchPurpose}'.", "input_file_id", "invalid_value"));
        }

        lock (_gate)
        {
            if (_byId.Values.Count(batch => batch.State.Owner == owner && !batch.State.IsOver) >= OpenPerKeyMax)
            {
                return (null, new ApiError(
                    StatusCodes.Status429TooManyRequests,
                    $"There are {OpenPerKeyMax} batches under way already. Wait for one of them, or cancel it.",
                    ApiError.InvalidRequestType,
                    null,
                    "too_many_batches"));
            }

            MakeRoom(owner);
            BatchState state = new()
            {
                Id = ApiExchange.NewId("batch_"),
                Owner = owner,
                Endpoint = request.Endpoint,
                InputFileId = input.Id,
                Metadata = request.Metadata,
                OutputLifetime = request.OutputLifetime,
                CreatedAt = Now,
                ExpiresAt = Now + (long)BatchRequest.WindowMax.TotalSeconds,
            };
            Save(state);
            return (Add(state), null);
        }
    }

    /// <summary>The batch, or null when this owner has none of the name.</summary>
    public Batch? Find(string owner, string id)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out Batch? batch) && batch.State.Owner == owner ? batch : null;
        }
    }

    /// <summary>The batches of an owner, the oldest first.</summary>
    public IReadOnlyList<BatchState> List(string owner)
    {
        lock (_gate)
        {
            return [.. InOrder(_byId.Values.Where(batch => batch.State.Owner == owner)).Select(static batch => batch.State)];
        }
    }

    /// <summary>Opens the log of the lines that are answered.</summary>
    public SealedLog OpenLog(string id) => _disk.OpenLog(Logs, id);

    /// <summary>The batch is over: its log has nothing that its files don't have.</summary>
    public void Close(BatchState batch)
    {
        _disk.Delete(Logs, batch.Id);
        _files.Release(batch.InputFileId);
    }

    private static IEnumerable<Batch> InOrder(IEnumerable<Batch> batches) =>
        batches.OrderBy(static batch => batch.State.CreatedAt).ThenBy(static batch => batch.State.Id, StringComparer.Ordinal);

    private Batch Add(BatchState state)
    {
        Batch batch = new(state, Save);
        _byId.Add(state.Id, batch);
        if (!state.IsOver)
        {
            _files.Hold(state.InputFileId);
        }

        return batch;
    }

    private void Save(BatchState state) => _disk.Write(Documents, state.Id, state.ToDocument().Span);

    private void MakeRoom(string owner)
    {
        List<Batch> owned = [.. InOrder(_byId.Values.Where(batch => batch.State.Owner == owner))];
        if (owned.Count >= KeptPerKeyMax && owned.Find(static batch => batch.State.IsOver) is { } oldest)
        {
            _disk.Delete(Documents, oldest.State.Id);
            _ = _byId.Remove(oldest.State.Id);
        }
    }
}
