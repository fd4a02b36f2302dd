using System;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>What a node takes on.</summary>
public sealed record AdmissionPolicy
{
    public required string Model { get; init; }

    /// <summary>Model, template and engine build: an answer that another node began goes on only where it is the same.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>Choices that are decoded at once.</summary>
    public required int Slots { get; init; }

    /// <summary>Choices that may wait for a slot.</summary>
    public required int QueueMax { get; init; }

    /// <summary>Encoded size of one prompt.</summary>
    public uint PromptBytesMax { get; init; } = InferenceLimits.PromptBytesMax;

    /// <summary>Size of an audio file; 0: the model hears nothing.</summary>
    public uint AudioBytesMax { get; init; }

    /// <summary>Text beyond which no prompt fits the context, whatever its tokens are.</summary>
    public uint TextBytesMax { get; init; } = uint.MaxValue;

    /// <summary>What one request is assumed to take until some were measured.</summary>
    public TimeSpan ServiceAssumed { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a slot is kept for a gateway; zero: never.</summary>
    public TimeSpan LeaseTime { get; init; } = TimeSpan.FromSeconds(3);

    public TimeSpan RetryAfterMin { get; init; } = TimeSpan.FromMilliseconds(250);
}
