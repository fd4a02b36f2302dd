using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Streams;

/// <summary>Random applications over random paths: every byte in its place, no rule broken, and every stream closes.</summary>
public sealed class StreamSetTests
{
    private const ulong Seeds = 2000;
    private const int StepsMax = 400;

    [Fact]
    public void Streams_never_stall_whatever_applications_and_path_do()
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            Run(seed);
        }
    }

    /// <summary>A failure's stack names this method; Run(seed) in a test of one line replays it.</summary>
    private static void Run(ulong seed)
    {
        StreamSetPair pair = new(seed);
        int steps = new Prng(seed).Next(StepsMax);
        for (int i = 0; i < steps; i++)
        {
            pair.Step();
        }
        pair.Finish(seed);
    }
}
