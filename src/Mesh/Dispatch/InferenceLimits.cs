namespace Darkbloom.Mesh.Dispatch;

/// <summary>The limits of the inference messages (docs/protocol.md, section 10.5).</summary>
public static class InferenceLimits
{
    public const int RequestIdBytes = 16;

    public const int ModelCharsMax = 128;

    public const uint ContextTokensMax = 16 * 1024 * 1024;

    public const uint ChoicesMax = 8;

    public const int StopsMax = 4;

    /// <summary>Tokens listed with the chance of one.</summary>
    public const int TopLogprobsMax = 20;

    /// <summary>Tokens that one request may bias.</summary>
    public const int LogitBiasMax = 1024;

    /// <summary>Inputs of one embedding request.</summary>
    public const int EmbeddingInputsMax = 2048;

    /// <summary>Numbers in one vector.</summary>
    public const int EmbeddingValuesMax = 65_536;

    /// <summary>An audio file, as OpenAI's API limits it.</summary>
    public const uint AudioBytesMax = 25 * 1024 * 1024;

    /// <summary>One message's part of an audio file.</summary>
    public const int AudioPartBytesMax = 256 * 1024;

    /// <summary>What a recording may last: a small file of silence can hold days.</summary>
    public const int AudioSecondsMax = 2 * 60 * 60;

    /// <summary>Segments of one transcript, and words of one segment.</summary>
    public const int SegmentsMax = 65_536;

    /// <inheritdoc cref="SegmentsMax"/>
    public const int SegmentWordsMax = 4_096;

    /// <summary>A language's ISO 639 code.</summary>
    public const int LanguageCharsMax = 8;

    /// <summary>Encoded size of a prompt message: a little under what one framed message may hold.</summary>
    public const uint PromptBytesMax = (4 * 1024 * 1024) - 1024;

    /// <summary>Tokens that one delta may carry.</summary>
    public const int DeltaTokensMax = 1024;

    /// <summary>Encoded size of one delta.</summary>
    public const int DeltaBytesMax = 256 * 1024;

    /// <summary>Tool calls of one choice.</summary>
    public const uint ToolCallsMax = 128;

    /// <summary>What a node may say to people about a refusal or a fault; the rest is cut off.</summary>
    public const int DetailCharsMax = 256;

    public const int FingerprintCharsMax = 128;

    /// <summary>The name of the field at fault, with the pointer into it.</summary>
    public const int ParamCharsMax = 512;

    /// <summary>A wait that a node asks for is believed up to this.</summary>
    public const uint RetryAfterMsMax = 60_000;

    /// <summary>A node that holds an accepted request says something at least this often until its first token.</summary>
    public const int ProgressMsMax = 5_000;

    /// <summary>A node reports its load at least this often.</summary>
    public const int LoadReportMsMax = 5_000;

    /// <summary>How long a node may keep a slot for a gateway that doesn't come.</summary>
    public const int LeaseMsMax = 5_000;

    /// <summary>Leases that one offer may name: one for each choice.</summary>
    public const int OfferLeasesMax = (int)ChoicesMax;
}
