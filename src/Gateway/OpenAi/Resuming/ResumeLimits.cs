namespace Darkbloom.Gateway.OpenAi.Resuming;

/// <summary>What streams may cost whose clients have gone for a while.</summary>
internal static class ResumeLimits
{
    /// <summary>Streams that can be resumed, those that ended included; one more is a 503.</summary>
    public const int StreamsMax = 256;

    /// <summary>Events of one stream that no client has read; the engine waits where more would come.</summary>
    public const int UnreadBytesMax = 1024 * 1024;

    /// <summary>Events that were sent already are kept up to this size, for a client that didn't get them.</summary>
    public const int SentBytesMax = 256 * 1024;

    /// <summary>How long a client may be away.</summary>
    public const int AbsenceSecondsMax = 120;
}
