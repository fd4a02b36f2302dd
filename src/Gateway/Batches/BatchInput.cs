using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Threading;
using Darkbloom.Gateway.Files;
using Darkbloom.Gateway.OpenAi;

namespace Darkbloom.Gateway.Batches;

/// <summary>The lines of a batch's input file, found once and then read one by one.</summary>
internal sealed class BatchInput
{
    public const int LinesMax = 50_000;

    /// <summary>What an endpoint takes, and what stands around it in a line.</summary>
    public const int LineBytesMax = HttpLimits.BodyBytesMax + (16 * 1024);

    /// <summary>Faults that are told; the rest is likely of the same kind.</summary>
    public const int FaultsMax = 100;

    private readonly FileContent _content;
    private readonly string _endpoint;
    private readonly List<(long Start, int Length)> _lines = [];
    private readonly List<BatchFault> _faults = [];
    private readonly byte[] _piece = new byte[FileContent.PieceBytes];

    private BatchInput(FileContent content, string endpoint) => (_content, _endpoint) = (content, endpoint);

    public int Count => _lines.Count;

    /// <summary>Empty when the batch may begin.</summary>
    public ImmutableArray<BatchFault> Faults => [.. _faults];

    /// <summary>The model that all lines name; null when they name several.</summary>
    public string? Model { get; private set; }

    /// <summary>Finds the lines and checks each of them.</summary>
    /// <param name="knows">Whether the mesh serves a model.</param>
    public static BatchInput Check(FileContent content, string endpoint, Func<string, bool> knows, CancellationToken cancellationToken)
    {
        BatchInput input = new(content, endpoint);
        input.FindLines(cancellationToken);
        if (input._faults.Count == 0)
        {
            input.CheckLines(knows, cancellationToken);
        }

        return input;
    }

    /// <summary>Finds the lines of a file that was checked before.</summary>
    public static BatchInput Open(FileContent content, string endpoint, CancellationToken cancellationToken)
    {
        BatchInput input = new(content, endpoint);
        input.FindLines(cancellationToken);
        return input;
    }

    /// <summary>Reads a line that was found good.</summary>
    public BatchLine Read(int index)
    {
        _ = BatchLine.TryRead(index, Text(index), _endpoint, out BatchLine? line);
        return line ?? throw new System.IO.InvalidDataException("A line of a batch is not what it was.");
    }

    private byte[] Text(int index)
    {
        (long start, int length) = _lines[index];
        byte[] text = new byte[length];
        for (int filled = 0; filled < length;)
        {
            filled += _content.Read(start + filled, text.AsSpan(filled));
        }

        return text;
    }

    /// <summary>Lines end with LF, or CR LF; empty ones don't count.</summary>
    private void FindLines(CancellationToken cancellationToken)
    {
        long start = 0;
        bool isBlank = true;
        int count;
        for (long place = 0; (count = _content.Read(place, _piece)) > 0; place += count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (int i = 0; i < count; i++)
            {
                if (_piece[i] == '\n')
                {
                    AddLine(start, place + i, isBlank);
                    (start, isBlank) = (place + i + 1, true);
                }
                else
                {
                    isBlank &= _piece[i] is (byte)' ' or (byte)'\t' or (byte)'\r';
                }
            }

            if (_faults.Count > 0)
            {
                return;
            }
        }

        AddLine(start, _content.Bytes, isBlank);
        if (_lines.Count == 0 && _faults.Count == 0)
        {
            _faults.Add(new BatchFault("empty_file", "The input file has no lines."));
        }
    }

    private void AddLine(long start, long end, bool isBlank)
    {
        if (isBlank || _faults.Count > 0)
        {
            return;
        }

        if (end - start > LineBytesMax)
        {
            _faults.Add(new BatchFault(
                "line_too_long",
                string.Create(CultureInfo.InvariantCulture, $"The line has more than {LineBytesMax} bytes."),
                Line: _lines.Count + 1));
        }
        else if (_lines.Count == LinesMax)
        {
            _faults.Add(new BatchFault(
                "too_many_tasks", string.Create(CultureInfo.InvariantCulture, $"The input file has more than {LinesMax} lines. Split it.")));
        }
        else
        {
            _lines.Add((start, (int)(end - start)));
        }
    }

    private void CheckLines(Func<string, bool> knows, CancellationToken cancellationToken)
    {
        HashSet<string> ids = [];
        HashSet<string> models = [];
        for (int i = 0; i < _lines.Count && _faults.Count < FaultsMax; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            BatchFault? fault = BatchLine.TryRead(i, Text(i), _endpoint, out BatchLine? line);
            if (fault is null && !ids.Add(line!.CustomId))
            {
                fault = new BatchFault(
                    "duplicate_custom_id", $"The custom_id '{ApiError.Echo(line.CustomId)}' appears in an earlier line.", "custom_id", i + 1);
            }

            if (fault is null && line!.Model.Length > 0 && models.Count < FaultsMax && models.Add(line.Model) && !knows(line.Model))
            {
                ApiError unknown = ApiError.ModelNotFound(line.Model);
                fault = new BatchFault(unknown.Code!, unknown.Message, "body.model", i + 1);
            }

            if (fault is not null)
            {
                _faults.Add(fault);
            }
        }

        Model = models.Count == 1 ? string.Concat(models) : null;
    }
}
