using System.Collections.Generic;
using System.Text;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>What a node told of a recording so far.</summary>
internal sealed class Transcript
{
    private const int MillisecondsPerSecond = 1000;

    private readonly List<TranscriptSegment> _segments = [];
    private readonly StringBuilder _text = new();

    public uint DurationMs { get; private set; }

    public string Language { get; private set; } = "";

    public IReadOnlyList<TranscriptSegment> Segments => _segments;

    /// <summary>Without the space with which the first word begins.</summary>
    public string Text => _text.ToString().Trim();

    /// <summary>Whole seconds, as usage counts them.</summary>
    public uint Seconds => (DurationMs + MillisecondsPerSecond - 1) / MillisecondsPerSecond;

    /// <summary>False when the message can't be part of a transcript, or makes it too large.</summary>
    public bool TryAdd(NodeResponse response)
    {
        switch (response.BodyCase)
        {
            case NodeResponse.BodyOneofCase.TranscriptStart:
                (DurationMs, Language) = (response.TranscriptStart.DurationMs, response.TranscriptStart.Language);
                return true;
            case NodeResponse.BodyOneofCase.TranscriptSegment:
                _segments.Add(response.TranscriptSegment);
                _ = _text.Append(response.TranscriptSegment.Text);
                return _text.Length <= HttpLimits.ReplyCharsMax;
            default:
                return response.BodyCase == NodeResponse.BodyOneofCase.ChoiceEnd;
        }
    }
}
