namespace Darkbloom.Mesh.Dispatch;

/// <summary>How a node's message broke the rules of an inference stream; a value, because peers' faults never throw.</summary>
public enum ResponseViolation
{
    None,

    /// <summary>The message is not one that may come at this place.</summary>
    OutOfOrder,

    /// <summary>The message names a choice that was not asked for.</summary>
    ChoiceOutOfRange,

    /// <summary>The message belongs to a choice that has ended.</summary>
    ChoiceEnded,

    /// <summary>The delta doesn't begin where the last one of its choice stopped.</summary>
    OffsetNotConsecutive,

    /// <summary>More tokens than were asked for, or than one delta may carry.</summary>
    TooManyTokens,

    /// <summary>A message larger than it may be.</summary>
    TooLarge,

    /// <summary>A value that has no meaning.</summary>
    BadValue,

    /// <summary>The end came before every choice ended.</summary>
    EndedEarly,

    /// <summary>The usage claims more than the request allows or than was sent.</summary>
    UsageOutOfBounds,
}
