using System;
using BenchmarkDotNet.Attributes;

namespace Darkbloom.Bench.Micro;

/// <summary>What one data packet costs both ends of a connection, beside what its protection alone costs.</summary>
[MemoryDiagnoser]
public class ConnectionBenchmark : IDisposable
{
    private const int PacketsPerCall = 1000;
    private const int BulkBytes = 64 * 1024;
    private const int TokenBytes = 40;

    private readonly PacketPair _packets = new();
    private readonly ConnectionPair _bulk = new(BulkBytes);
    private readonly ConnectionPair _tokens = new(TokenBytes);

    [Benchmark(Baseline = true, OperationsPerInvoke = PacketsPerCall)]
    public void SealAndOpen()
    {
        for (int i = 0; i < PacketsPerCall; i++)
        {
            _ = _packets.SealAndOpen();
        }
    }

    [Benchmark(OperationsPerInvoke = PacketsPerCall)]
    public void Bulk() => _bulk.Move(PacketsPerCall);

    [Benchmark(OperationsPerInvoke = PacketsPerCall)]
    public void Tokens() => _tokens.Move(PacketsPerCall);

    public void Dispose()
    {
        _packets.Dispose();
        _bulk.Dispose();
        _tokens.Dispose();
        GC.SuppressFinalize(this);
    }
}
