namespace Darkbloom.RandomModel;

/// <summary>The sizes of a llama model.</summary>
public sealed record RandomModelShape
{
    /// <summary>0.52 B parameters: large enough that computing, not overhead, takes the time.</summary>
    public static RandomModelShape HalfBillion { get; } = new();

    public int Width { get; init; } = 1024;

    public int Layers { get; init; } = 28;

    public int Heads { get; init; } = 16;

    public int KeyValueHeads { get; init; } = 4;

    public int FeedForwardWidth { get; init; } = 4864;

    public int Vocabulary { get; init; } = 32_000;

    public int ContextTokens { get; init; } = 4096;
}

/// <summary>How weights are stored; names and values are GGUF's.</summary>
#pragma warning disable CA1707
public enum TensorType
{
    F32 = 0,
    Q4_0 = 2,
    Q8_0 = 8,
}
