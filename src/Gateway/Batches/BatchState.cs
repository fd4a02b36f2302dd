using System;
using System.Buffers;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;

namespace Darkbloom.Gateway.Batches;

/// <summary>A batch at one moment.</summary>
internal sealed record BatchState
{
    /// <summary>Names on the wire, by the place of the status.</summary>
    private static readonly ImmutableArray<string> StatusNames =
        ["validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"];

    /// <summary>The fields that tell when a status was reached, in the order in which clients see them.</summary>
    private static readonly ImmutableArray<(string Field, BatchStatus Status)> Stamps =
    [
        ("in_progress_at", BatchStatus.InProgress), ("finalizing_at", BatchStatus.Finalizing), ("completed_at", BatchStatus.Completed),
        ("failed_at", BatchStatus.Failed), ("expired_at", BatchStatus.Expired), ("cancelling_at", BatchStatus.Cancelling),
        ("cancelled_at", BatchStatus.Cancelled),
    ];

    public required string Id { get; init; }

    public required string Owner { get; init; }

    public required string Endpoint { get; init; }

    public required string InputFileId { get; init; }

    /// <summary>The client's own words about the batch, as JSON.</summary>
    public string Metadata { get; init; } = "null";

    /// <summary>How long the files that the batch writes stay; null: until they are deleted.</summary>
    public TimeSpan? OutputLifetime { get; init; }

    /// <summary>Unix seconds, as are all times.</summary>
    public required long CreatedAt { get; init; }

    public required long ExpiresAt { get; init; }

    public BatchStatus Status { get; init; }

    public ImmutableSortedDictionary<BatchStatus, long> ReachedAt { get; init; } = ImmutableSortedDictionary<BatchStatus, long>.Empty;

    public ImmutableArray<BatchFault> Faults { get; init; } = [];

    public string? Model { get; init; }

    public int Total { get; init; }

    public int Completed { get; init; }

    public int Failed { get; init; }

    public BatchTokens Tokens { get; init; }

    /// <summary>Chosen before the files are written, so that a second try writes the same ones.</summary>
    public string? OutputFileId { get; init; }

    public string? ErrorFileId { get; init; }

    public bool IsOver => Status is BatchStatus.Failed or BatchStatus.Completed or BatchStatus.Expired or BatchStatus.Cancelled;

    public string StatusName => StatusNames[(int)Status];

    /// <summary>The next state; see <see cref="BatchStatus"/>.</summary>
    public BatchState Reach(BatchStatus status, long now) => this with { Status = status, ReachedAt = ReachedAt.SetItem(status, now) };

    /// <summary>The batch as clients see it; files that aren't whole yet have no name.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Id);
        json.WriteString("object"u8, "batch"u8);
        json.WriteString("endpoint"u8, Endpoint);
        json.WriteString("model"u8, Model);
        WriteFaults(json);
        json.WriteString("input_file_id"u8, InputFileId);
        json.WriteString("completion_window"u8, BatchRequest.Window);
        json.WriteString("status"u8, StatusName);
        json.WriteString("output_file_id"u8, IsOver ? OutputFileId : null);
        json.WriteString("error_file_id"u8, IsOver ? ErrorFileId : null);
        json.WriteNumber("created_at"u8, CreatedAt);
        WriteTime(json, "in_progress_at", BatchStatus.InProgress);
        json.WriteNumber("expires_at"u8, ExpiresAt);
        foreach ((string field, BatchStatus status) in Stamps.Skip(1))
        {
            WriteTime(json, field, status);
        }

        json.WriteStartObject("request_counts"u8);
        json.WriteNumber("total"u8, Total);
        json.WriteNumber("completed"u8, Completed);
        json.WriteNumber("failed"u8, Failed);
        json.WriteEndObject();
        Tokens.Write(json);
        json.WritePropertyName("metadata"u8);
        json.WriteRawValue(Metadata, skipInputValidation: true);
        json.WriteEndObject();
    }

    /// <summary>The batch as the disk keeps it: what clients see, and what they don't.</summary>
    public ReadOnlyMemory<byte> ToDocument()
    {
        ArrayBufferWriter<byte> document = new();
        using (Utf8JsonWriter json = new(document, ApiResponses.WriterOptions))
        {
            json.WriteStartObject();
            json.WritePropertyName("batch"u8);
            Write(json);
            json.WriteString("owner"u8, Owner);
            json.WriteString("output_file_id"u8, OutputFileId);
            json.WriteString("error_file_id"u8, ErrorFileId);
            json.WriteNumber("output_seconds"u8, (long)(OutputLifetime?.TotalSeconds ?? 0));
            json.WriteEndObject();
        }

        return document.WrittenMemory;
    }

    public static BatchState Read(ReadOnlyMemory<byte> document)
    {
        using JsonDocument json = JsonDocument.Parse(document);
        JsonElement root = json.RootElement;
        JsonElement batch = root.GetProperty("batch");
        JsonElement counts = batch.GetProperty("request_counts");
        long seconds = root.GetProperty("output_seconds").GetInt64();
        return new BatchState
        {
            Id = batch.GetProperty("id").GetString()!,
            Owner = root.GetProperty("owner").GetString()!,
            Endpoint = batch.GetProperty("endpoint").GetString()!,
            InputFileId = batch.GetProperty("input_file_id").GetString()!,
            Metadata = batch.GetProperty("metadata").GetRawText(),
            OutputLifetime = seconds > 0 ? TimeSpan.FromSeconds(seconds) : null,
            CreatedAt = batch.GetProperty("created_at").GetInt64(),
            ExpiresAt = batch.GetProperty("expires_at").GetInt64(),
            Status = (BatchStatus)StatusNames.IndexOf(batch.GetProperty("status").GetString()!),
            ReachedAt = Stamps.Where(stamp => batch.GetProperty(stamp.Field).ValueKind == JsonValueKind.Number)
                .ToImmutableSortedDictionary(static stamp => stamp.Status, stamp => batch.GetProperty(stamp.Field).GetInt64()),
            Faults = ReadFaults(batch.GetProperty("errors")),
            Model = batch.GetProperty("model").GetString(),
            Total = counts.GetProperty("total").GetInt32(),
            Completed = counts.GetProperty("completed").GetInt32(),
            Failed = counts.GetProperty("failed").GetInt32(),
            Tokens = BatchTokens.Read(batch.GetProperty("usage")),
            OutputFileId = root.GetProperty("output_file_id").GetString(),
            ErrorFileId = root.GetProperty("error_file_id").GetString(),
        };
    }

    private static ImmutableArray<BatchFault> ReadFaults(JsonElement errors)
    {
        IEnumerable<JsonElement> list = errors.ValueKind == JsonValueKind.Object ? errors.GetProperty("data").EnumerateArray() : [];
        return [.. list.Select(BatchFault.Read)];
    }

    private void WriteFaults(Utf8JsonWriter json)
    {
        if (Faults.IsEmpty)
        {
            json.WriteNull("errors"u8);
            return;
        }

        json.WriteStartObject("errors"u8);
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (BatchFault fault in Faults)
        {
            fault.Write(json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteTime(Utf8JsonWriter json, string field, BatchStatus status)
    {
        json.WritePropertyName(field);
        if (ReachedAt.TryGetValue(status, out long at))
        {
            json.WriteNumberValue(at);
        }
        else
        {
            json.WriteNullValue();
        }
    }
}
