using System.IO.Compression;
using System.Text;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>Collects a transcript and writes it in the form that was asked for.</summary>
internal sealed class TranscriptReply(TranscriptionRequest request) : IGenerationReply
{
    private const string TextContentType = "text/plain; charset=utf-8";
    private const double MillisecondsPerSecond = 1000;

    /// <summary>Milliseconds of one step of <c>seek</c>.</summary>
    private const uint SeekMs = 10;

    private readonly Transcript _transcript = new();

    public bool TryAdd(NodeResponse response) => _transcript.TryAdd(response);

    public ValueTask SendAsync(ApiExchange exchange, GenerationEnd end) => request.Format switch
    {
        TranscriptFormat.Text => SendTextAsync(exchange, _transcript.Text + "\n"),
        TranscriptFormat.SubRip => SendTextAsync(exchange, Subtitles.SubRip(_transcript.Segments)),
        TranscriptFormat.WebVtt => SendTextAsync(exchange, Subtitles.WebVtt(_transcript.Segments)),
        _ => ApiResponses.WriteJsonAsync(exchange, 200, end, Write),
    };

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        if (request.Format == TranscriptFormat.VerboseJson)
        {
            json.WriteString("task"u8, request.Translates ? "translate" : "transcribe");
            json.WriteString("language"u8, SpokenLanguage.Name(_transcript.Language));
            WriteSeconds(json, "duration", _transcript.DurationMs);
        }

        json.WriteString("text"u8, _transcript.Text);
        if (request.Format == TranscriptFormat.VerboseJson)
        {
            WriteDetails(json);
        }

        WriteUsage(json, _transcript.Seconds);
        json.WriteEndObject();
    }

    /// <summary>Writes <c>"usage":{"type":"duration","seconds":n}</c>.</summary>
    public static void WriteUsage(Utf8JsonWriter json, uint seconds)
    {
        json.WriteStartObject("usage"u8);
        json.WriteString("type"u8, "duration"u8);
        json.WriteNumber("seconds"u8, seconds);
        json.WriteEndObject();
    }

    private void WriteDetails(Utf8JsonWriter json)
    {
        if (request.TellsSegments)
        {
            json.WriteStartArray("segments"u8);
            foreach (TranscriptSegment segment in _transcript.Segments)
            {
                WriteSegment(json, segment);
            }

            json.WriteEndArray();
        }

        if (request.TellsWords)
        {
            json.WriteStartArray("words"u8);
            foreach (TranscriptSegment segment in _transcript.Segments)
            {
                foreach (TranscriptWord word in segment.Words)
                {
                    json.WriteStartObject();
                    json.WriteString("word"u8, word.Text);
                    WriteSeconds(json, "start", word.StartMs);
                    WriteSeconds(json, "end", word.EndMs);
                    json.WriteEndObject();
                }
            }

            json.WriteEndArray();
        }
    }

    private static void WriteSegment(Utf8JsonWriter json, TranscriptSegment segment)
    {
        json.WriteStartObject();
        json.WriteNumber("id"u8, segment.Index);
        json.WriteNumber("seek"u8, segment.SeekMs / SeekMs);
        WriteSeconds(json, "start", segment.StartMs);
        WriteSeconds(json, "end", segment.EndMs);
        json.WriteString("text"u8, segment.Text);
        json.WriteStartArray("tokens"u8);
        foreach (uint token in segment.TokenIds)
        {
            json.WriteNumberValue(token);
        }

        json.WriteEndArray();
        json.WriteNumber("temperature"u8, segment.Temperature);
        json.WriteNumber("avg_logprob"u8, segment.MeanLogprob);
        json.WriteNumber("compression_ratio"u8, CompressionRatio(segment.Text));
        json.WriteNumber("no_speech_prob"u8, segment.NoSpeechProbability);
        json.WriteEndObject();
    }

    private static void WriteSeconds(Utf8JsonWriter json, string name, uint milliseconds) =>
        json.WriteNumber(name, milliseconds / MillisecondsPerSecond);

    /// <summary>How much zlib shortens the text: words that repeat themselves give a large number.</summary>
    private static double CompressionRatio(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text.Trim());
        using MemoryStream compressed = new();
        using (ZLibStream zlib = new(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(bytes);
        }

        return compressed.Length > 0 ? (double)bytes.Length / compressed.Length : 0;
    }

    private static ValueTask SendTextAsync(ApiExchange exchange, string text) =>
        ApiResponses.WriteAsync(exchange, 200, TextContentType, Encoding.UTF8.GetBytes(text));
}
