using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Tests.Peer;
using Darkbloom.Mesh.Tests.Transport;
using DatagramFuzz = Darkbloom.Mesh.Tests.Peer.FuzzTests;
using FrameFuzz = Darkbloom.Mesh.Tests.Transport.FuzzTests;

namespace Darkbloom.Fuzz;

/// <summary>One kind of random work: a seed draws a batch of it, and whatever fails throws.</summary>
/// <param name="Unit">What the count counts.</param>
/// <param name="PerSeed">So many of it a seed.</param>
/// <param name="Run">Runs a seed and returns how many datagrams it took, 0 when that says nothing.</param>
internal sealed record Workload(string Name, string Unit, long Count, int PerSeed, Func<ulong, long> Run)
{
    private const int FramesPerSeed = 10_000;
    private const int DatagramsPerSeed = 25_000;
    private const int InputsPerSeed = 20_000;

    /// <summary>A seed of these is replayed once in so many: the same seed leads to the same trace.</summary>
    private const ulong ReplayEvery = 50;

    public static List<Workload> All { get; } =
    [
        new("seeds", "sessions", 100_000, 1, Session),
        new("peers", "pairs", 1_000, 1, Pair),
        new("frames", "packets", 5_000_000, FramesPerSeed, Frames),
        new("datagrams", "datagrams", 3_000_000, DatagramsPerSeed, Datagrams),
        new("parsers", "inputs", 2_000_000, InputsPerSeed, Inputs),
    ];

    private static long Session(ulong seed)
    {
        SeedOutcome outcome = SeedRun.Run(seed);
        return seed % ReplayEvery != 0 || SeedRun.Run(seed) == outcome
            ? outcome.Datagrams
            : throw new InvalidOperationException($"seed {seed}: another trace the second time");
    }

    private static long Pair(ulong seed)
    {
        PeerSeedOutcome outcome = PeerSeedRun.Run(seed);
        return seed % ReplayEvery != 0 || PeerSeedRun.Run(seed) == outcome
            ? outcome.Datagrams
            : throw new InvalidOperationException($"seed {seed}: another trace the second time");
    }

    private static long Frames(ulong seed)
    {
        _ = FrameFuzz.Run(seed, FramesPerSeed);
        return 0;
    }

    private static long Inputs(ulong seed)
    {
        _ = ParserFuzz.Run(seed, InputsPerSeed);
        return 0;
    }

    private static long Datagrams(ulong seed)
    {
        DatagramFuzz.Run(seed, DatagramsPerSeed);
        return 0;
    }
}
