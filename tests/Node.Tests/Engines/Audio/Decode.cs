using System.Threading;
using Darkbloom.Node.Engines.Audio;

namespace Darkbloom.Node.Tests.Engines.Audio;

internal static class Decode
{
    public static Recording Whole(byte[] file) => Recording.Decode(file, static () => { }, CancellationToken.None);

    public static float[] Samples(byte[] file)
    {
        Recording recording = Whole(file);
        float[] samples = new float[recording.Samples];
        recording.Read(0, samples);
        return samples;
    }
}
