using System;
using System.Threading;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Tokens per second, as exponentially weighted averages of the last steps.</summary>
/// <remarks>Decoding counts one stream's tokens, which is what one more request will see; steps that also prefill don't
/// count. The engine's thread writes, any thread reads.</remarks>
internal sealed class SpeedMeter
{
    private const float Weight = 0.1f;

    // A few tokens say more about the cost of a call than about the speed of a prompt.
    private const int PrefillTokensMin = 16;

    private float _prefill;
    private float _decode;

    public EngineSpeed Current => new(Volatile.Read(ref _prefill), Volatile.Read(ref _decode));

    public void OnStep(TimeSpan duration, int decoding, int prefilled)
    {
        float seconds = (float)Math.Max(duration.TotalSeconds, 1e-6);
        if (prefilled >= PrefillTokensMin)
        {
            Average(ref _prefill, prefilled / seconds);
        }
        else if (prefilled == 0 && decoding > 0)
        {
            Average(ref _decode, 1 / seconds);
        }
    }

    private static void Average(ref float average, float value) =>
        Volatile.Write(ref average, average == 0 ? value : average + (Weight * (value - average)));
}
