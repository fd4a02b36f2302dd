namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>The forms of a transcript.</summary>
internal enum TranscriptFormat
{
    Json,
    Text,
    SubRip,
    WebVtt,
    VerboseJson,
}
