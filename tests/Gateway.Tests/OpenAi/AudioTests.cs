using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi.Audio;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

public sealed class AudioTests
{
    private const string Path = "/v1/audio/transcriptions";
    private const string TranslationsPath = "/v1/audio/translations";
    private const string Model = "acme/ears";

    private static readonly byte[] Sound = [1, 2, 3];

    [Theory]
    [InlineData("json", "application/json", """{"text":"Hello, world. This\nis -->a test.","usage":{"type":"duration","seconds":2}}""")]
    [InlineData("text", "text/plain; charset=utf-8", "Hello, world. This\nis -->a test.\n")]
    [InlineData("srt", "text/plain; charset=utf-8", "1\n00:00:00,000 --> 00:00:00,900\nHello, world.\n\n2\n00:00:00,900 --> 01:02:03,456\nThis is ->a test.\n\n\n")]
    [InlineData("vtt", "text/plain; charset=utf-8", "WEBVTT\n\n00:00:00.000 --> 00:00:00.900\nHello, world.\n\n00:00:00.900 --> 01:02:03.456\nThis is ->a test.\n\n\n")]
    public async Task A_transcript_has_the_form_that_was_asked_for(string format, string type, string body)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Ears());
        using HttpResponseMessage response = await gateway.Client.PostAsync(Path, Form(("response_format", format)));
        Assert.Equal((200, type), ((int)response.StatusCode, response.Content.Headers.ContentType!.ToString()));
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task Verbose_json_tells_segments_and_words_as_asked(bool segments, bool words)
    {
        List<(string, string)> fields = [("response_format", "verbose_json")];
        fields.AddRange(segments ? [("timestamp_granularities[]", "segment")] : []);
        fields.AddRange(words ? [("timestamp_granularities[]", "word")] : []);
        ScriptedInference ears = Ears();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(ears);
        JsonNode told = await GatewayHarness.ReadAsync(await gateway.Client.PostAsync(Path, Form([.. fields])));

        Assert.Equal(("transcribe", "english", 1.7), ((string)told["task"]!, (string)told["language"]!, (double)told["duration"]!));
        Assert.Equal(segments || !words, told["segments"] is not null);
        Assert.Equal(words, told["words"] is not null);
        Assert.Equal(words, (await ears.Called).Transcription.WordTimestamps);
        if (told["segments"] is { } list)
        {
            Assert.Equal(
                """{"id":0,"seek":0,"start":0,"end":0.9,"text":" Hello, world.","tokens":[7,8],"temperature":0,"avg_logprob":-0.5,"compression_ratio":0.6190476190476191,"no_speech_prob":0.25}""",
                list[0]!.ToJsonString());
        }

        if (words)
        {
            Assert.Equal("""{"word":"Hello","start":0.1,"end":0.4}""", told["words"]![0]!.ToJsonString());
        }
    }

    [Fact]
    public async Task A_stream_tells_each_segment_then_the_whole_text()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Ears());
        using HttpResponseMessage response = await gateway.Client.PostAsync(Path, Form(("stream", "true")));
        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(
            [
                """{"type":"transcript.text.delta","delta":"Hello, world."}""",
                """{"type":"transcript.text.delta","delta":" This\nis -->a test."}""",
                """{"type":"transcript.text.done","text":"Hello, world. This\nis -->a test.","usage":{"type":"duration","seconds":2}}""",
                "[DONE]",
            ],
            GatewayHarness.ParseEvents(await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task The_node_is_asked_for_what_the_form_says()
    {
        ScriptedInference ears = Ears();
        ChannelWriter<NodeResponse> answer = ears.AnswersLive();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(ears);
        Task<HttpResponseMessage> sent = gateway.Client.PostAsync(
            Path, Form(("language", "German"), ("prompt", "Grüße"), ("temperature", "0.4"), ("chunking_strategy", "auto")));
        GenerateRequest asked = await ears.Called;
        Assert.Equal((Model, "de", "Grüße", 0.4f), (asked.Model, asked.Transcription.Language, asked.Transcription.Prompt, asked.Sampling.Temperature));
        Assert.Equal(Sound, asked.Transcription.Audio.ToByteArray());
        Assert.False(asked.Transcription.Translates);
        answer.Complete();
        using HttpResponseMessage response = await sent;
    }

    [Fact]
    public async Task A_translation_is_one()
    {
        ScriptedInference ears = Ears();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(ears);
        JsonNode told = await GatewayHarness.ReadAsync(await gateway.Client.PostAsync(TranslationsPath, Form(("response_format", "verbose_json"))));
        Assert.Equal("translate", (string)told["task"]!);
        Assert.True((await ears.Called).Transcription.Translates);
    }

    [Theory]
    [InlineData("language", "this is none", "language", "invalid_language_format")]
    [InlineData("response_format", "yaml", "response_format", "invalid_value")]
    [InlineData("temperature", "-0.1", "temperature", "invalid_value")]
    [InlineData("temperature", "1.1", "temperature", "invalid_value")]
    [InlineData("temperature", "NaN", "temperature", "invalid_value")]
    [InlineData("temperature", "warm", "temperature", "invalid_type")]
    [InlineData("timestamp_granularities[]", "letter", "timestamp_granularities[]", "invalid_value")]
    [InlineData("timestamp_granularities[]", "word", "timestamp_granularities[]", "invalid_value")]
    [InlineData("stream", "maybe", "stream", "invalid_type")]
    [InlineData("known_speaker_names[]", "agent", "known_speaker_names[]", "unsupported_parameter")]
    [InlineData("colour", "red", "colour", "unknown_parameter")]
    [InlineData("model", "plain", "model", "duplicate_key")]
    public async Task A_bad_field_is_named(string name, string value, string param, string code)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Ears());
        await AssertRefusedAsync(await gateway.Client.PostAsync(Path, Form((name, value))), 400, param, code);
    }

    [Theory]
    [InlineData("srt")]
    [InlineData("vtt")]
    [InlineData("verbose_json")]
    public async Task What_is_no_stream_cannot_be_streamed(string format)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Ears());
        using HttpResponseMessage response = await gateway.Client.PostAsync(Path, Form(("stream", "true"), ("response_format", format)));
        await AssertRefusedAsync(response, 400, "stream", "invalid_value");
    }

    [Fact]
    public async Task A_file_and_a_model_are_needed()
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Ears());
        await AssertRefusedAsync(
            await gateway.Client.PostAsync(Path, new MultipartFormDataContent { { new StringContent(Model), "model" } }), 400, "file", "missing_required_parameter");
        await AssertRefusedAsync(
            await gateway.Client.PostAsync(Path, new MultipartFormDataContent { { new ByteArrayContent(Sound), "file", "a.wav" } }), 400, "model", "missing_required_parameter");
        await AssertRefusedAsync(
            await gateway.Client.PostAsync(Path, Form([], [])), 400, "file", "empty_file");
    }

    [Fact]
    public async Task A_model_that_hears_nothing_is_refused_before_the_mesh_is_asked()
    {
        ScriptedInference mesh = Ears();
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(mesh);
        await AssertRefusedAsync(await gateway.Client.PostAsync(Path, Form(Sound, [], "plain")), 400, "model", "unsupported_model");
        Assert.False(mesh.Called.IsCompleted);
    }

    [Theory]
    [InlineData(-1, 200)]
    [InlineData(0, 200)]
    [InlineData(1, 413)]
    public async Task A_file_has_a_largest_size(int more, int status)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Ears());
        using HttpResponseMessage response = await gateway.Client.PostAsync(Path, Form(new byte[InferenceLimits.AudioBytesMax + more], []));
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("multipart/form-data; boundary=\"a b\"", "a b")]
    [InlineData("multipart/form-data; boundary=\"x=y\"", "x=y")]
    [InlineData("Multipart/Form-Data; boundary=xy", "xy")]
    public async Task Names_and_boundaries_may_be_quoted_or_not(string type, string boundary)
    {
        string body = $"--{boundary}\r\nContent-Disposition: form-data; name=file; filename=\"Assets\\a.wav\"; filename*=utf-8''Assets%5Ca.wav\r\nContent-Type: image/png\r\n\r\nsound\r\n"
            + $"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=model\r\n\r\n{Model}\r\n--{boundary}--\r\n";
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Ears());
        using HttpResponseMessage response = await gateway.Client.PostAsync(Path, Raw(type, body));
        Assert.Equal(200, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("application/json", "{}", 415, "unsupported_media_type")]
    [InlineData("multipart/form-data", "--x--", 415, "unsupported_media_type")]
    [InlineData("multipart/form-data; boundary=x", "", 400, "invalid_multipart_form_data")]
    [InlineData("multipart/form-data; boundary=x", "--x--\r\n", 400, "invalid_multipart_form_data")]
    [InlineData("multipart/form-data; boundary=x", "no boundary at all", 400, "invalid_multipart_form_data")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=file\r\n\r\ncut off", 400, "invalid_multipart_form_data")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--x--\r\n", 400, "invalid_multipart_form_data")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Type: text/plain\r\n\r\nnameless\r\n--x--\r\n", 400, "invalid_multipart_form_data")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=prompt\r\n\r\n\u00ff\r\n--x--\r\n", 400, "invalid_utf8")]
    public async Task A_malformed_form_is_refused(string type, string body, int status, string code)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Ears());
        using HttpResponseMessage response = await gateway.Client.PostAsync(Path, Raw(type, body));
        JsonNode told = await GatewayHarness.ReadAsync(response);
        Assert.Equal((status, code), ((int)response.StatusCode, (string?)told["error"]!["code"]));
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task Fields_have_limits(int more, bool isTaken)
    {
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(Ears());
        using HttpResponseMessage large = await gateway.Client.PostAsync(Path, Form(("prompt", new string('a', MultipartForm.FieldBytesMax + more))));
        Assert.Equal(isTaken ? 200 : 400, (int)large.StatusCode);

        // The model is one field of them.
        (string, string)[] many = [.. Enumerable.Repeat(("timestamp_granularities[]", "word"), MultipartForm.FieldsMax - 2 + more), ("response_format", "verbose_json")];
        using HttpResponseMessage response = await gateway.Client.PostAsync(Path, Form(many));
        Assert.Equal(isTaken ? 200 : 400, (int)response.StatusCode);
    }

    [Fact]
    public async Task Sound_that_a_node_cannot_decode_is_the_clients_fault()
    {
        ScriptedInference ears = Ears().Answers(new NodeResponse
        {
            End = new GenerationEnd { Fault = InferenceFault.InvalidRequest, Param = "audio", Detail = "the format isn't known; supported are wav and mp3" },
        });
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(ears);
        using HttpResponseMessage response = await gateway.Client.PostAsync(Path, Form());
        Assert.Contains("supported are wav and mp3", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await AssertRefusedAsync(response, 400, "file", "invalid_request");
    }

    [Fact]
    public async Task A_file_is_wiped_when_its_request_is_over()
    {
        UploadedFile file = new(new UploadBudget(1 << 20), Sound.Length);
        Assert.Null(await file.ReadAsync("a.wav", new System.IO.MemoryStream(Sound), default));
        ReadOnlyMemory<byte> bytes = file.Bytes;
        Assert.Equal(Sound, bytes.ToArray());
        file.Dispose();
        Assert.Equal(new byte[Sound.Length], bytes.ToArray());
    }

    [Fact]
    public void Memory_for_uploads_has_a_limit_and_is_given_back()
    {
        UploadBudget budget = new(100);
        Assert.True(budget.TryTake(99));
        Assert.True(budget.TryTake(1));
        Assert.False(budget.TryTake(1));
        budget.GiveBack(1);
        Assert.True(budget.TryTake(1));
    }

    private static ScriptedInference Ears() => new ScriptedInference
    {
        Models = [new(Model, 448, 1, 0, ModelCapabilities.Transcription), new("plain", 2048, 1, 0, ModelCapabilities.Chat)],
    }.Answers(
        new NodeResponse { Prefill = new PrefillProgress { TokensDone = 1, TokensTotal = 85 } },
        new NodeResponse { TranscriptStart = new TranscriptStart { DurationMs = 1700, Language = "en" } },
        new NodeResponse
        {
            TranscriptSegment = new TranscriptSegment
            {
                EndMs = 900,
                Text = " Hello, world.",
                TokenIds = { 7, 8 },
                MeanLogprob = -0.5f,
                NoSpeechProbability = 0.25f,
                Words = { new TranscriptWord { Text = "Hello", StartMs = 100, EndMs = 400 } },
            },
        },
        new NodeResponse { TranscriptSegment = new TranscriptSegment { Index = 1, StartMs = 900, EndMs = 3_723_456, Text = " This\nis -->a test." } },
        new NodeResponse { ChoiceEnd = new ChoiceEnd { Reason = FinishReason.Stop } },
        new NodeResponse { End = new GenerationEnd { Usage = new Usage() } });

    private static MultipartFormDataContent Form(params (string Name, string Value)[] fields) => Form(Sound, fields);

    private static MultipartFormDataContent Form(byte[] file, (string Name, string Value)[] fields, string model = Model)
    {
        MultipartFormDataContent form = new() { { new ByteArrayContent(file), "file", "a.wav" }, { new StringContent(model), "model" } };
        foreach ((string name, string value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        return form;
    }

    private static ByteArrayContent Raw(string type, string body)
    {
        ByteArrayContent content = new(Encoding.Latin1.GetBytes(body));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return content;
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage response, int status, string param, string code)
    {
        JsonNode error = (await GatewayHarness.ReadAsync(response))["error"]!;
        Assert.Equal((status, param, code), ((int)response.StatusCode, (string?)error["param"], (string?)error["code"]));
        Assert.Equal("invalid_request_error", (string?)error["type"]);
    }
}
