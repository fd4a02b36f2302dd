using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>Random paths and random applications: a slice of what the soak runs.</summary>
public sealed class SeedTests
{
    private const int Seeds = 300;

    [Fact]
    public void Every_byte_arrives_once_and_in_order_whatever_the_path_does()
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            _ = SeedRun.Run(seed);
        }
    }

    [Fact]
    public void The_same_seed_replays_the_same_trace()
    {
        for (ulong seed = 1; seed <= 10; seed++)
        {
            Assert.Equal(SeedRun.Run(seed), SeedRun.Run(seed));
        }
        Assert.NotEqual(SeedRun.Run(1), SeedRun.Run(2));
    }
}
