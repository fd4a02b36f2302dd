using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Darkbloom.Gateway.Storage;

namespace Darkbloom.Gateway.Batches;

/// <summary>The answered lines of a batch: each has one result, and keeps it through every crash.</summary>
internal sealed class BatchResults
{
    private readonly SealedLog _log;
    private readonly Lock _gate = new();

    /// <summary>Where in the log each line's result stands; below 0: it has none yet.</summary>
    private readonly int[] _places;

    private BatchTokens _tokens;

    /// <summary>Takes over what the log has.</summary>
    /// <exception cref="InvalidDataException">The log holds what no batch of so many lines writes.</exception>
    public BatchResults(SealedLog log, int lines)
    {
        _log = log;
        _places = new int[lines];
        Array.Fill(_places, -1);
        for (int place = 0; place < log.Count; place++)
        {
            BatchResult result = ReadAt(place);
            if (result.Index >= lines || _places[result.Index] >= 0)
            {
                throw new InvalidDataException("The results of a batch hold a line twice, or one that it doesn't have.");
            }

            _places[result.Index] = place;
            Count(result);
        }
    }

    public int Lines => _places.Length;

    public int Completed { get; private set; }

    public int Failed { get; private set; }

    /// <summary>Every line has its result.</summary>
    public bool IsWhole => Completed + Failed == Lines;

    /// <summary>The batch's state with what is answered now.</summary>
    public BatchState CountInto(BatchState state)
    {
        lock (_gate)
        {
            return state with { Completed = Completed, Failed = Failed, Tokens = _tokens };
        }
    }

    /// <summary>The lines that have no result yet, in order; read while results come in.</summary>
    public IEnumerable<int> Missing()
    {
        for (int index = 0; index < _places.Length; index++)
        {
            if (_places[index] < 0)
            {
                yield return index;
            }
        }
    }

    public BatchResult? Find(int index)
    {
        int place = _places[index];
        return place < 0 ? null : ReadAt(place);
    }

    /// <summary>Keeps a line's result; returns when the disk has it.</summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public void Add(BatchResult result)
    {
        lock (_gate)
        {
            if (_places[result.Index] >= 0)
            {
                throw new InvalidOperationException("A line is answered once.");
            }

            int place = _log.Count;
            _log.Append(result.ToRecord());
            _places[result.Index] = place;
            Count(result);
        }

        _log.Flush();
    }

    private void Count(BatchResult result)
    {
        (Completed, Failed) = result.HasFailed ? (Completed, Failed + 1) : (Completed + 1, Failed);
        _tokens += result.Tokens;
    }

    private BatchResult ReadAt(int place) =>
        BatchResult.TryRead(_log.Read(place), out BatchResult? result) ? result! : throw new InvalidDataException("A result of a batch can't be read.");
}
