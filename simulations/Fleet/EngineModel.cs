using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations.Fleet;

/// <summary>A Mac's engine as a fluid: one prompt is read at a time, and answers share the decoder.</summary>
/// <remarks>Reading and decoding don't slow each other; memory is not modelled.</remarks>
internal sealed class EngineModel(MacClass mac)
{
    private const double Nearly = 1e-6;

    /// <summary>Answers leave in pieces of about this much time, after their first token.</summary>
    private const double PieceSeconds = 1;

    /// <summary>In the order in which they came; the first that doesn't decode is being read.</summary>
    private readonly List<EngineJob> _jobs = [];

    private Instant _at;
    private int _decoding;

    /// <summary>Seconds that answers have been decoded for, over all answers.</summary>
    public double BusySeconds { get; private set; }

    /// <summary>When the first job has a piece to send; null while nothing runs. Call <see cref="Advance"/> then.</summary>
    public Instant? Next
    {
        get
        {
            double soonest = double.PositiveInfinity;
            double rate = mac.DecodeRate(_decoding);
            EngineJob? reading = null;
            foreach (EngineJob job in _jobs)
            {
                if (job.IsDecoding)
                {
                    soonest = Math.Min(soonest, Math.Max(0, NextPiece(job, rate) - job.Made) / rate);
                }
                else
                {
                    reading ??= job;
                }
            }

            soonest = reading is null ? soonest : Math.Min(soonest, Math.Max(0, reading.PrefillLeft) / mac.PrefillTokensPerSecond);
            return double.IsPositiveInfinity(soonest) ? null : new Instant(_at.Nanoseconds + (long)Math.Ceiling(soonest * 1e9));
        }
    }

    public void Add(Instant now, EngineJob job)
    {
        Advance(now);
        _jobs.Add(job);
        Settle();
    }

    public void Remove(Instant now, EngineJob job)
    {
        Advance(now);
        if (_jobs.Remove(job) && job.IsDecoding)
        {
            _decoding--;
        }
    }

    public void Clear()
    {
        _jobs.Clear();
        _decoding = 0;
    }

    /// <summary>Lets the engine work until now.</summary>
    public void Advance(Instant now)
    {
        Debug.Assert(now >= _at || _jobs.Count == 0, "an engine doesn't work backwards");
        double seconds = (now.Nanoseconds - _at.Nanoseconds) / 1e9;
        _at = now;
        double rate = mac.DecodeRate(_decoding);
        BusySeconds += seconds * _jobs.Count;
        bool reads = true;
        foreach (EngineJob job in _jobs)
        {
            if (job.IsDecoding)
            {
                job.Made = Math.Min(job.OutputTokens, job.Made + (rate * seconds));
            }
            else if (reads)
            {
                job.PrefillLeft = double.IsPositiveInfinity(mac.PrefillTokensPerSecond)
                    ? 0
                    : job.PrefillLeft - (mac.PrefillTokensPerSecond * seconds);
                reads = false;
            }
        }

        Settle();
    }

    /// <summary>Takes the tokens of a job that are whole and were not sent.</summary>
    public static int Take(EngineJob job)
    {
        int tokens = Math.Min((int)Math.Floor(job.Made + Nearly) - job.Told, InferenceLimits.DeltaTokensMax);
        job.Told += tokens;
        return tokens;
    }

    /// <summary>Whether the job's next piece is there.</summary>
    public bool HasPiece(EngineJob job) => job.IsDecoding && job.Made + Nearly >= NextPiece(job, mac.DecodeRate(_decoding));

    public static bool IsDone(EngineJob job) => job.Told >= job.OutputTokens;

    private static double NextPiece(EngineJob job, double rate) => job.Told == job.ToldBefore
        ? Math.Min(job.OutputTokens, job.Told + 1)
        : Math.Min(job.OutputTokens, job.Told + Math.Clamp(Math.Ceiling(rate * PieceSeconds), 1, InferenceLimits.DeltaTokensMax));

    /// <summary>Whoever has been read is decoded from now on.</summary>
    private void Settle()
    {
        foreach (EngineJob job in _jobs)
        {
            if (job.IsDecoding)
            {
                continue;
            }

            if (job.PrefillLeft > Nearly && !double.IsPositiveInfinity(mac.PrefillTokensPerSecond))
            {
                return;
            }

            job.IsDecoding = true;
            _decoding++;
        }
    }
}
