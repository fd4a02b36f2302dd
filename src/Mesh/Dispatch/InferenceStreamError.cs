namespace Darkbloom.Mesh.Dispatch;

/// <summary>Why one side reset an inference or load stream (docs/protocol.md, section 9.3).</summary>
public enum InferenceStreamError
{
    /// <summary>The gateway doesn't want the result any more.</summary>
    Cancelled = 0x100,

    /// <summary>What was due did not come in time.</summary>
    DeadlineExceeded = 0x101,

    /// <summary>The peer has as many streams or sessions as it may have.</summary>
    TooMany = 0x102,

    /// <summary>The peer sent a message that the rules don't allow at that place.</summary>
    Violation = 0x103,

    /// <summary>The peer's ticket doesn't let it ask this.</summary>
    NotPermitted = 0x104,
}
