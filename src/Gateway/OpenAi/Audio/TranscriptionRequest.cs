using System;
using System.Collections.Generic;
using System.Globalization;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>The form of <c>POST /v1/audio/transcriptions</c> and <c>/v1/audio/translations</c>, checked.</summary>
internal sealed class TranscriptionRequest
{
    private const string Formats = "'json', 'text', 'srt', 'vtt' and 'verbose_json'";
    private const double TemperatureMax = 1;

    private readonly TranscriptionTask _task;
    private bool _wantsWords;
    private bool _wantsSegments;

    private TranscriptionRequest(UploadedFile file, bool translates)
    {
        RequestEntropy entropy = RequestEntropy.Draw();
        _task = new TranscriptionTask { Audio = UnsafeByteOperations.UnsafeWrap(file.Bytes), Translates = translates };
        Generate = new GenerateRequest
        {
            RequestId = ByteString.CopyFrom(entropy.RequestId.Span),
            Choices = 1,
            Sampling = new Sampling { TopP = 1, Seed = entropy.Seed },
            Transcription = _task,
        };
    }

    public GenerateRequest Generate { get; }

    public TranscriptFormat Format { get; private set; }

    public bool Streams { get; private set; }

    public bool Translates => _task.Translates;

    public bool TellsWords => _wantsWords;

    /// <summary>Segments are told unless words alone were asked for.</summary>
    public bool TellsSegments => _wantsSegments || !_wantsWords;

    /// <returns>The request, or what is wrong with the form.</returns>
    public static ApiError? TryRead(MultipartForm form, UploadedFile file, bool translates, out TranscriptionRequest request)
    {
        request = new TranscriptionRequest(file, translates);
        HashSet<string> names = [];
        foreach ((string name, string value) in form.Fields)
        {
            bool isList = name.EndsWith("[]", StringComparison.Ordinal);
            if (!isList && !names.Add(name))
            {
                return ApiError.Invalid($"The field '{ApiError.Echo(name)}' appears twice.", ApiError.Echo(name), "duplicate_key");
            }

            if (request.Read(name, value) is { } error)
            {
                return error;
            }
        }

        return request.CheckWhole(form.HasFile, file);
    }

    private ApiError? Read(string name, string value)
    {
        switch (name)
        {
            case "model":
                Generate.Model = value;
                return value.Length > CommonFields.ModelCharsMax ? ApiError.TooLong(name, "string", CommonFields.ModelCharsMax) : null;
            case "prompt":
                _task.Prompt = value;
                return null;
            case "response_format":
                return ReadFormat(value);
            case "temperature":
                return ReadTemperature(value);
            case "language" when !Translates:
                _task.Language = SpokenLanguage.Code(value) ?? "";
                return _task.Language.Length > 0 || value.Length == 0 ? null : ApiError.Invalid(
                    $"Invalid language '{ApiError.Echo(value)}'. Language parameter must be specified in ISO-639-1 format.",
                    name,
                    "invalid_language_format");
            case "timestamp_granularities[]" or "timestamp_granularities" when !Translates:
                _wantsWords |= value == "word";
                _wantsSegments |= value == "segment";
                return value is "word" or "segment" ? null : ApiError.InvalidValue(name, value, "'word' and 'segment'");
            case "stream" when !Translates:
                Streams = value.Equals("true", StringComparison.OrdinalIgnoreCase);
                return Streams || value.Equals("false", StringComparison.OrdinalIgnoreCase)
                    ? null
                    : ApiError.WrongType(name, "a boolean", "a string");
            case "chunking_strategy" when !Translates:
                return null; // Recordings are always cut where they are silent.
            case "include[]" or "include" when !Translates:
                return ApiError.UnsupportedValue(name, "Chances of tokens are not told of transcripts.");
            case "known_speaker_names[]" or "known_speaker_references[]" when !Translates:
                return ApiError.Unsupported(name, "No model of this mesh tells speakers apart.");
            case "user":
                return null;
            default:
                return ApiError.Unknown(name);
        }
    }

    private ApiError? ReadFormat(string value)
    {
        (bool isKnown, Format) = value switch
        {
            "json" => (true, TranscriptFormat.Json),
            "text" => (true, TranscriptFormat.Text),
            "srt" => (true, TranscriptFormat.SubRip),
            "vtt" => (true, TranscriptFormat.WebVtt),
            "verbose_json" => (true, TranscriptFormat.VerboseJson),
            _ => (false, TranscriptFormat.Json),
        };
        return isKnown ? null : ApiError.InvalidValue("response_format", value, Formats);
    }

    private ApiError? ReadTemperature(string value)
    {
        const string Name = "temperature";
        if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double temperature))
        {
            return ApiError.WrongType(Name, "a decimal number", "a string");
        }

        Generate.Sampling.Temperature = (float)temperature;
        return temperature is >= 0 and <= TemperatureMax
            ? null
            : ApiError.Invalid($"Invalid '{Name}': expected a decimal number from 0 to {TemperatureMax}.", Name, "invalid_value");
    }

    private ApiError? CheckWhole(bool hasFile, UploadedFile file)
    {
        _task.WordTimestamps = _wantsWords;
        return !hasFile ? ApiError.Missing(MultipartForm.FileName)
            : Generate.Model.Length == 0 ? ApiError.Missing("model")
            : file.Bytes.IsEmpty ? ApiError.Invalid("The file is empty.", MultipartForm.FileName, "empty_file")
            : (_wantsWords || _wantsSegments) && Format != TranscriptFormat.VerboseJson ? ApiError.Invalid(
                "'timestamp_granularities[]' needs 'response_format' to be 'verbose_json'.", "timestamp_granularities[]", "invalid_value")
            : Streams && Format is not (TranscriptFormat.Json or TranscriptFormat.Text) ? ApiError.Invalid(
                "'stream' needs 'response_format' to be 'json' or 'text'.", "stream", "invalid_value")
            : null;
    }
}
