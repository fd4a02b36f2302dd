using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations.Fleet;

namespace Darkbloom.Simulations.Traces;

/// <summary>Reads a recorded workload line by line, as it comes, and remembers only what later lines need.</summary>
/// <remarks>Times begin at the first request and never go back.</remarks>
public sealed class TraceReader
{
    /// <summary>Tokens of one block of Mooncake's prompts.</summary>
    private const int MooncakeBlockTokens = 512;

    /// <summary>Conversations that are remembered at once; beyond that, requests begin like no other.</summary>
    private const int ConversationsMax = 1_000_000;

    private readonly Prng _arrivals = new(1);
    private readonly double _requestsPerSecond;
    private readonly Dictionary<long, (ulong Conversation, long[] Blocks)> _conversations = [];
    private int _promptColumn;
    private int _outputColumn;
    private int _timeColumn;
    private double? _first;
    private double _last;

    /// <param name="requestsPerSecond">For formats without times: requests come at random at this rate.</param>
    public TraceReader(double requestsPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(requestsPerSecond);
        _requestsPerSecond = requestsPerSecond;
    }

    public TraceFormat Format { get; private set; }

    /// <summary>Lines given so far.</summary>
    public int Lines { get; private set; }

    /// <summary>Takes the next line; null for one that holds no request.</summary>
    /// <exception cref="FormatException">The line isn't what it should be; it says which and why.</exception>
    public TraceRequest? Read(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        Lines++;
        if (Lines == 1 && Begin(line.TrimStart('\uFEFF')))
        {
            return null;
        }

        if (line.Length == 0)
        {
            return null;
        }

        try
        {
            return Format == TraceFormat.Mooncake ? OfMooncake(line) : OfTable(line.Split(','));
        }
        catch (Exception e) when (e is FormatException or OverflowException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException($"line {Lines}: {(e is FormatException ? e.Message : "this is no request of the format " + Format)}", e);
        }
    }

    /// <summary>Tells the format by the first line; true when that line is a heading.</summary>
    private bool Begin(string line)
    {
        string[] columns = line.Split(',');
        (Format, string? time, string prompt, string output) = line switch
        {
            FleetTrace.Header => (TraceFormat.Darkbloom, "arrived_s", "prompt_tokens", "output_tokens"),
            _ when Has("TIMESTAMP") && Has("ContextTokens") => (TraceFormat.Azure, "TIMESTAMP", "ContextTokens", "GeneratedTokens"),
            _ when Has("Request tokens") => (TraceFormat.BurstGpt, "Timestamp", "Request tokens", "Response tokens"),
            _ when Has("num_prefill_tokens") => (TraceFormat.Vidur, null, "num_prefill_tokens", "num_decode_tokens"),
            _ when line.StartsWith('{') && line.Contains("\"input_length\"", StringComparison.Ordinal) => (TraceFormat.Mooncake, null, "", ""),
            _ => throw new FormatException(
                "line 1: no known format begins so. Known are Azure's (TIMESTAMP,ContextTokens,GeneratedTokens), BurstGPT's, Mooncake's, Vidur's lengths, and what `sim import` writes."),
        };
        _timeColumn = time is null ? -1 : Column(time);
        (_promptColumn, _outputColumn) = Format == TraceFormat.Mooncake ? (0, 0) : (Column(prompt), Column(output));
        return Format != TraceFormat.Mooncake;

        bool Has(string name) => Array.IndexOf(columns, name) >= 0;
        int Column(string name) => Has(name) ? Array.IndexOf(columns, name) : throw new FormatException($"line 1: the column {name} is missing.");
    }

    private TraceRequest OfTable(string[] cells)
    {
        if (cells.Length <= Math.Max(_timeColumn, Math.Max(_promptColumn, _outputColumn)))
        {
            throw new FormatException($"{cells.Length} columns are too few; was the file cut short?");
        }

        double arrived = _timeColumn < 0 ? _last + _arrivals.Exponential(1 / _requestsPerSecond)
            : Format == TraceFormat.Azure ? SecondsOf(cells[_timeColumn])
            : double.Parse(cells[_timeColumn], NumberStyles.Float, CultureInfo.InvariantCulture);
        (ulong conversation, int shared) = Format == TraceFormat.Darkbloom && cells.Length >= 5
            ? (ulong.Parse(cells[3], CultureInfo.InvariantCulture), Tokens(cells[4]))
            : (0, 0);
        return Placed(arrived, Tokens(cells[_promptColumn]), Tokens(cells[_outputColumn]), conversation, shared);
    }

    private TraceRequest OfMooncake(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        List<long> blocks = [];
        if (root.TryGetProperty("hash_ids", out JsonElement ids))
        {
            foreach (JsonElement id in ids.EnumerateArray())
            {
                blocks.Add(id.GetInt64());
            }
        }

        int prompt = root.GetProperty("input_length").GetInt32();
        (ulong conversation, int shared) = Share([.. blocks]);
        return Placed(root.GetProperty("timestamp").GetDouble() / 1000, prompt, root.GetProperty("output_length").GetInt32(), conversation, Math.Min(shared, prompt));
    }

    /// <summary>The conversation that a prompt belongs to: that of the last one with the longest common beginning.</summary>
    /// <remarks>The first block is often the same instructions for everybody; the second tells conversations apart.</remarks>
    private (ulong Conversation, int SharedTokens) Share(long[] blocks)
    {
        if (blocks.Length < 2)
        {
            return (0, 0);
        }

        if (!_conversations.TryGetValue(blocks[1], out (ulong Conversation, long[] Blocks) last))
        {
            if (_conversations.Count == ConversationsMax)
            {
                return (0, 0);
            }

            _conversations[blocks[1]] = ((ulong)_conversations.Count + 1, blocks);
            return ((ulong)_conversations.Count, 0);
        }

        _conversations[blocks[1]] = (last.Conversation, blocks);
        return (last.Conversation, blocks.AsSpan().CommonPrefixLength(last.Blocks) * MooncakeBlockTokens);
    }

    private TraceRequest Placed(double arrived, int prompt, int output, ulong conversation, int shared)
    {
        _first ??= Format == TraceFormat.Vidur ? 0 : arrived;
        double at = arrived - _first.Value;
        if (!double.IsFinite(at) || at < _last)
        {
            throw new FormatException("its time is before that of the line above: sort the file by time first.");
        }

        _last = at;
        return new TraceRequest(at, Math.Max(1, prompt), Math.Max(1, output), conversation, shared);
    }

    private static double SecondsOf(string time) => DateTimeOffset.TryParse(
        time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at)
            ? (at - DateTimeOffset.UnixEpoch).TotalSeconds
            : throw new FormatException($"{time} is no time.");

    private static int Tokens(string cell) =>
        int.TryParse(cell, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out int tokens) && tokens is >= 0 and <= FleetTrace.TokensMax
            ? tokens
            : throw new FormatException($"{(cell.Length > 40 ? cell[..40] : cell)} is no number of tokens from 0 to {FleetTrace.TokensMax}.");
}
