using System;
using System.Collections.Concurrent;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.Files;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Storage;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.Batches;

/// <summary>Takes batches from their creation to their end, and takes up after a restart whatever a crash left.</summary>
/// <remarks>
/// Each step begins with what the disk has, so it may be repeated: a batch that meets an error of the disk, or a gateway
/// that dies, does it again, and lines that have a result are not asked again.
/// </remarks>
internal sealed class BatchRunner(
    BatchStore store, FileStore files, BatchAnswerer answerer, ModelsEndpoint models, IInferenceClient client, TimeProvider time, ILogger log) : IAsyncDisposable
{
    /// <summary>Lines of one batch that are under way, those that wait for an idle slot included.</summary>
    public const int LinesPerBatchMax = 64;

    private const string OutputPurpose = "batch_output";

    private static readonly TimeSpan ModelsRest = TimeSpan.FromMilliseconds(200);

    /// <summary>Before a batch is tried again whose disk failed.</summary>
    private static readonly TimeSpan FailureRest = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Task> _running = new();

    /// <summary>Has neither a timer nor a handle to give back: a batch that is made while the gateway stops finds it alive.</summary>
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Checking reads a whole file: one at a time bounds what that takes. No wait handle is ever taken from it.</summary>
    private readonly SemaphoreSlim _checking = new(1, 1);

    public void Start(Batch batch) => _running[batch.State.Id] = Task.Run(() => RunAsync(batch));

    /// <summary>Stops all batches where they are; the next start goes on from there.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running.Values);
    }

    private async Task RunAsync(Batch batch)
    {
        bool isOver = false;
        while (!isOver)
        {
            try
            {
                await AdvanceAsync(batch);
                isOver = true;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (InvalidDataException e)
            {
                GatewayLog.BatchFailed(log, e, batch.State.Id);
                Fail(batch, new BatchFault("storage_damaged", "What the gateway keeps of the batch was damaged."));
                isOver = true;
            }
            catch (Exception e)
            {
                GatewayLog.BatchFailed(log, e, batch.State.Id);
                await Task.Delay(FailureRest, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                isOver = _stop.IsCancellationRequested;
            }
        }

        _ = _running.TryRemove(batch.State.Id, out _);
    }

    /// <summary>
    /// 1. Check every line, or, after a restart, find them again. 2. Answer the lines that have no result. 3. Write the
    /// files. 4. End.
    /// </summary>
    private async Task AdvanceAsync(Batch batch)
    {
        BatchState state = batch.State;
        using FileContent? content = files.Open(state.InputFileId);
        if (content is null)
        {
            Fail(batch, new BatchFault("input_file_missing", "The input file is gone."));
            return;
        }

        TimeSpan left = DateTimeOffset.FromUnixTimeSeconds(state.ExpiresAt) - time.GetUtcNow();
        using CancellationTokenSource window = new(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, batch.Cancelled.Token, window.Token);
        BatchInput? input = await CheckAsync(batch, content, end.Token); // Step 1.
        if (batch.State.Status == BatchStatus.Failed)
        {
            store.Close(batch.State);
            return;
        }

        using (SealedLog results = store.OpenLog(state.Id))
        {
            BatchResults answered = new(results, input?.Count ?? 0);
            batch.Count(answered.CountInto);
            if (batch.State.Status == BatchStatus.InProgress)
            {
                await AnswerAsync(batch, input!, answered, end.Token); // Step 2.
                _ = batch.TryAdvance(known => known.Status == BatchStatus.InProgress ? known.Reach(BatchStatus.Finalizing, store.Now) : null);
            }

            WriteFiles(batch, input, answered); // Step 3.
            _ = batch.TryAdvance(known => known.Reach(
                known.Status == BatchStatus.Cancelling ? BatchStatus.Cancelled
                : input is not null && answered.IsWhole ? BatchStatus.Completed
                : BatchStatus.Expired,
                store.Now)); // Step 4.
        }

        store.Close(batch.State);
    }

    /// <summary>The lines of the batch; null when it was cancelled, or its window was over, before they were checked.</summary>
    private async Task<BatchInput?> CheckAsync(Batch batch, FileContent content, CancellationToken cancellationToken)
    {
        BatchState state = batch.State;
        if (state.Status != BatchStatus.Validating)
        {
            return state.Total == 0 ? null : BatchInput.Open(content, state.Endpoint, _stop.Token);
        }

        try
        {
            await _checking.WaitAsync(cancellationToken);
            try
            {
                // A gateway that has just started knows no model yet.
                while (client.Models.IsEmpty)
                {
                    await Task.Delay(ModelsRest, time, cancellationToken);
                }

                BatchInput input = BatchInput.Check(content, state.Endpoint, models.Knows, cancellationToken);
                _ = batch.TryAdvance(known => known.Status != BatchStatus.Validating ? null
                    : input.Faults.IsEmpty ? known.Reach(BatchStatus.InProgress, store.Now) with { Total = input.Count, Model = input.Model }
                    : known.Reach(BatchStatus.Failed, store.Now) with { Faults = input.Faults });
                return batch.State.Total == 0 ? null : input;
            }
            finally
            {
                _ = _checking.Release();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && !_stop.IsCancellationRequested)
        {
            _ = batch.TryAdvance(known => known.Status == BatchStatus.Validating ? known.Reach(BatchStatus.Finalizing, store.Now) : null);
            return null;
        }
    }

    private async Task AnswerAsync(Batch batch, BatchInput input, BatchResults answered, CancellationToken cancellationToken)
    {
        try
        {
            ParallelOptions options = new() { MaxDegreeOfParallelism = LinesPerBatchMax, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(answered.Missing().Select(input.Read), options, async (line, stop) =>
            {
                answered.Add(await answerer.AnswerAsync(line, batch.State.Endpoint, stop));
                batch.Count(answered.CountInto);
            });
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && !_stop.IsCancellationRequested)
        {
            // Cancelled by the client, or its window is over: what was answered until then counts.
        }
    }

    /// <summary>Writes the output and the error file, in the order of the lines; a second try writes the same ones.</summary>
    private void WriteFiles(Batch batch, BatchInput? input, BatchResults answered)
    {
        bool tellsExpired = batch.State.Status == BatchStatus.Finalizing && !answered.IsWhole;
        _ = batch.TryAdvance(known => known with
        {
            OutputFileId = known.OutputFileId ?? (answered.Completed > 0 ? FileStore.NewId() : null),
            ErrorFileId = known.ErrorFileId ?? (answered.Failed > 0 || tellsExpired ? FileStore.NewId() : null),
        });
        BatchState state = batch.State;
        using FileUpload? output = Begin(state, state.OutputFileId);
        using FileUpload? errors = Begin(state, state.ErrorFileId);
        for (int index = 0; index < answered.Lines; index++)
        {
            if (answered.Find(index) is { } result)
            {
                AppendLine(result.HasFailed ? errors! : output!, result.Json);
            }
            else if (tellsExpired)
            {
                AppendLine(errors!, BatchAnswerer.WriteExpired(input!.Read(index)));
            }
        }

        _ = output?.Commit(OutputPurpose, $"{state.Id}_output.jsonl", state.OutputLifetime);
        _ = errors?.Commit(OutputPurpose, $"{state.Id}_error.jsonl", state.OutputLifetime);
    }

    private FileUpload? Begin(BatchState state, string? fileId) => fileId is null ? null : files.BeginOutput(state.Owner, fileId);

    private static void AppendLine(FileUpload file, ReadOnlyMemory<byte> line)
    {
        file.Append(line.Span);
        file.Append("\n"u8);
    }

    private void Fail(Batch batch, BatchFault fault)
    {
        if (batch.TryAdvance(known => known.IsOver ? null : known.Reach(BatchStatus.Failed, store.Now) with { Faults = [fault] }))
        {
            store.Close(batch.State);
        }
    }
}
