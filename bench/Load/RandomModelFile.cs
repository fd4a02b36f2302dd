using System;
using System.IO;
using Darkbloom.RandomModel;

namespace Darkbloom.Bench.Load;

/// <summary>A model of random weights; the file goes when this does.</summary>
internal sealed class RandomModelFile : IDisposable
{
    private RandomModelFile(string path) => Path = path;

    public string Path { get; }

    /// <summary>A model of realistic size: 0.52 B parameters.</summary>
    public static RandomModelFile Create() => Create(RandomModelShape.HalfBillion);

    public static RandomModelFile Create(RandomModelShape shape)
    {
        string path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"darkbloom-bench-{Environment.ProcessId}.gguf");
        RandomModelWriter.Write(path, shape, TensorType.Q4_0);
        return new RandomModelFile(path);
    }

    public void Dispose() => File.Delete(Path);
}
