using System;
using BenchmarkDotNet.Attributes;

namespace Darkbloom.Bench.Micro;

/// <summary>The cost of one full data packet's protection, both ends.</summary>
[MemoryDiagnoser]
public class PacketBenchmark : IDisposable
{
    private readonly PacketPair _pair = new();

    [Benchmark]
    public bool SealAndOpen() => _pair.SealAndOpen();

    public void Dispose()
    {
        _pair.Dispose();
        GC.SuppressFinalize(this);
    }
}
