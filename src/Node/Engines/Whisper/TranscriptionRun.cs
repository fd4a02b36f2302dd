using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Channels;
using Darkbloom.Node.Engines.Audio;
using Darkbloom.Node.Engines.Llama.Native;
using Darkbloom.Node.Engines.Whisper.Native;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Whisper;

/// <summary>One recording's way through the model, on a thread of its own; what it finds goes into a channel.</summary>
/// <remarks>
/// 1. The file is decoded whole: what can't be decoded is refused before anything was told.
/// 2. The recording is cut into spans of sound (<see cref="SoundSpans"/>).
/// 3. Each span is heard by whisper.cpp, which calls back for every segment, and before every operation of its graphs:
///    that is where a cancellation is noticed, and where the progress comes from that tells the gateway that this works.
/// A reader that is slow stops the hearing, not the node: <see cref="OnRead"/> gives the thread leave to go on.
/// </remarks>
internal sealed unsafe class TranscriptionRun(
    WhisperModel model, GenerateRequest request, int threads, ChannelWriter<NodeResponse> output, CancellationToken cancellationToken)
    : IDisposable
{
    /// <summary>Messages that wait to be read.</summary>
    private const int UnreadMax = 64;

    /// <summary>Milliseconds of sound in one token of the encoder.</summary>
    private const int TokenMs = 20;

    /// <summary>Milliseconds in one unit of whisper.cpp's timestamps.</summary>
    private const int TimeUnitMs = 10;

    private const int WindowMs = 30_000;

    private const int GreedySampling = 0;

    /// <summary>Where the likeliest words are of little worth, they are drawn again at a temperature that rises by this.</summary>
    private const float TemperatureStep = 0.2f;

    private const string English = "en";

    private static readonly TimeSpan _progressInterval = TimeSpan.FromSeconds(1);

    private readonly TranscriptionTask _task = request.Transcription;
    private readonly float _temperature = request.Sampling?.Temperature ?? 0;
    private readonly SemaphoreSlim _unread = new(UnreadMax);
    private readonly Stopwatch _sinceProgress = Stopwatch.StartNew();
    private readonly WordReader _words = new(model.Piece);

    private Recording? _recording;
    private string _language = "";
    private bool _hasStarted;
    private uint _segments;
    private uint _tokens;

    /// <summary>Of the span that is heard.</summary>
    private uint _spanStartMs;
    private uint _seekMs;
    private uint? _lastEndMs;
    private bool _isInWindow;

    /// <summary>What a callback threw: no exception may pass through native code.</summary>
    private Exception? _failure;

    /// <summary>Hears it all; returns when the model is free again.</summary>
    public void Execute()
    {
        try
        {
            GenerationEnd end = Transcribe();
            if (end.Fault == InferenceFault.None)
            {
                Start();
                Write(new NodeResponse { ChoiceEnd = new ChoiceEnd { Reason = FinishReason.Stop } });
            }

            Write(new NodeResponse { End = end });
            output.Complete();
        }
        catch (InvalidAudioException e)
        {
            output.TryWrite(new NodeResponse { End = WhisperEngine.Invalid(e.Message, "audio") });
            output.Complete();
        }
        catch (Exception e)
        {
            output.Complete(e);
        }
    }

    /// <summary>One message more was read.</summary>
    public void OnRead() => _unread.Release();

    public void Dispose() => _unread.Dispose();

    private GenerationEnd Transcribe()
    {
        // Step 1.
        _recording = Recording.Decode(_task.Audio.Memory, OnWork, cancellationToken);

        // Step 2.
        GCHandle self = GCHandle.Alloc(this);
        try
        {
            bool isFirst = true;
            foreach (SoundSpan span in SoundSpans.Of(_recording))
            {
                // Step 3.
                int result = Hear(span, isFirst, (void*)GCHandle.ToIntPtr(self));
                isFirst = false;
                cancellationToken.ThrowIfCancellationRequested();
                if (_failure is not null)
                {
                    throw new InvalidOperationException("A callback of whisper.cpp failed.", _failure);
                }

                if (result != 0)
                {
                    return new GenerationEnd { Fault = InferenceFault.EngineFailed, Detail = $"whisper.cpp ended with {result}", Usage = new Usage() };
                }
            }
        }
        finally
        {
            WhisperApi.dbw_set_abort_callback(model.State, null, null);
            self.Free();
        }

        return new GenerationEnd { Usage = new Usage { CompletionTokens = _tokens } };
    }

    private int Hear(SoundSpan span, bool isFirst, void* self)
    {
        float[] samples = new float[span.Length];
        _recording!.Read(span.Start, samples);
        (_spanStartMs, _seekMs, _lastEndMs, _isInWindow) = (Milliseconds(span.Start), 0, null, false);

        WhisperFullParams parameters = WhisperApi.whisper_full_default_params(GreedySampling);
        parameters.n_threads = threads;
        parameters.print_progress = 0;
        parameters.print_timestamps = 0;
        parameters.translate = Flag(_task.Translates);
        parameters.token_timestamps = Flag(_task.WordTimestamps);
        parameters.temperature = _temperature;
        parameters.temperature_inc = _temperature > 0 ? 0 : TemperatureStep;

        // What was said in one span helps with the next; what another client said must not.
        parameters.no_context = Flag(isFirst);
        parameters.new_segment_callback = &OnSegments;
        parameters.new_segment_callback_user_data = self;
        parameters.encoder_begin_callback = &OnWindow;
        parameters.encoder_begin_callback_user_data = self;
        parameters.abort_callback = &OnOperation;
        parameters.abort_callback_user_data = self;
        WhisperApi.dbw_set_abort_callback(model.State, &OnOperation, self);

        string known = _task.Language.Length > 0 ? _task.Language : model.IsMultilingual ? _language : English;
        fixed (byte* language = Terminated(known))
        fixed (byte* prompt = Terminated(isFirst ? PromptEnd(_task.Prompt) : ""))
        fixed (float* first = samples)
        {
            parameters.language = language;
            parameters.initial_prompt = prompt;
            return WhisperApi.dbw_full(model.Context, model.State, parameters, first, samples.Length);
        }
    }

    /// <summary>The model reads the end of a prompt alone, and whisper.cpp's tokenizer takes stack for each letter of a word.</summary>
    private static string PromptEnd(string prompt)
    {
        const int CharsMax = 1_024;
        if (prompt.Length <= CharsMax)
        {
            return prompt;
        }

        int start = prompt.Length - CharsMax;
        return prompt[(char.IsLowSurrogate(prompt[start]) ? start + 1 : start)..];
    }

    private void ReadSegments(nint state, int added)
    {
        int count = WhisperApi.whisper_full_n_segments_from_state(state);
        if (_language.Length == 0)
        {
            _language = Marshal.PtrToStringUTF8((nint)WhisperApi.whisper_lang_str(WhisperApi.whisper_full_lang_id_from_state(state))) ?? "";
        }

        Start();
        for (int index = count - added; index < count; index++)
        {
            TranscriptSegment segment = ReadSegment(state, index);
            _tokens += (uint)segment.TokenIds.Count;
            Write(new NodeResponse { TranscriptSegment = segment });
        }
    }

    private TranscriptSegment ReadSegment(nint state, int index)
    {
        uint startMs = Time(WhisperApi.whisper_full_get_segment_t0_from_state(state, index));
        uint endMs = Math.Max(startMs, Time(WhisperApi.whisper_full_get_segment_t1_from_state(state, index)));
        _lastEndMs = endMs - _spanStartMs;
        TranscriptSegment segment = new()
        {
            Index = _segments++,
            StartMs = startMs,
            EndMs = endMs,
            Text = NativeText.Read(WhisperApi.whisper_full_get_segment_text_from_state(state, index)),
            SeekMs = _spanStartMs + _seekMs,
            Temperature = _temperature,
            NoSpeechProbability = Finite(WhisperApi.whisper_full_get_segment_no_speech_prob_from_state(state, index)),
        };

        float sum = 0;
        int count = WhisperApi.whisper_full_n_tokens_from_state(state, index);
        _words.Begin(_language);
        for (int token = 0; token < count; token++)
        {
            WhisperTokenData data = WhisperApi.whisper_full_get_token_data_from_state(state, index, token);
            segment.TokenIds.Add((uint)data.id);
            sum += data.plog;
            if (_task.WordTimestamps && data.id < model.EndOfText)
            {
                _words.Add(data.id, Time(data.t0), Time(data.t1));
            }
        }

        segment.MeanLogprob = count > 0 ? Finite(sum / count) : 0;
        segment.Words.AddRange(_words.End());
        return segment;
    }

    /// <summary>A time in the recording, which has no words behind its end.</summary>
    private uint Time(long units) =>
        (uint)Math.Clamp(_spanStartMs + (units * TimeUnitMs), _spanStartMs, Milliseconds(_recording!.Samples));

    private void Start()
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            Write(new NodeResponse { TranscriptStart = new TranscriptStart { DurationMs = Milliseconds(_recording!.Samples), Language = Language() } });
        }
    }

    private string Language() => _task.Language.Length > 0 ? _task.Language : _language.Length > 0 ? _language : English;

    private void Write(NodeResponse response)
    {
        _unread.Wait(cancellationToken);
        output.TryWrite(response);
        _sinceProgress.Restart();
    }

    /// <summary>Something was computed: now and then, that is told.</summary>
    private void OnWork()
    {
        if (_sinceProgress.Elapsed >= _progressInterval && _unread.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            uint total = _recording is { } recording ? Milliseconds(recording.Samples) / TokenMs : 0;
            output.TryWrite(new NodeResponse
            {
                Prefill = new PrefillProgress { TokensDone = Math.Min((_spanStartMs + _seekMs) / TokenMs, total), TokensTotal = total },
            });
            _sinceProgress.Restart();
        }
    }

    /// <summary>Returns false to end the computation.</summary>
    private bool Try(Action<TranscriptionRun> action)
    {
        try
        {
            action(this);
        }
        catch (Exception e)
        {
            _failure ??= e is OperationCanceledException ? null : e;
            return false;
        }

        return _failure is null && !cancellationToken.IsCancellationRequested;
    }

    private static TranscriptionRun Self(void* data) => (TranscriptionRun)GCHandle.FromIntPtr((nint)data).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnSegments(nint context, nint state, int added, void* data) =>
        Self(data).Try(run => run.ReadSegments(state, added));

    /// <summary>A window of 30 seconds begins where the last segment ended, or a window later where there was none.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte OnWindow(nint context, nint state, void* data) => Flag(Self(data).Try(static run =>
    {
        run._seekMs = run._lastEndMs ?? (run._isInWindow ? run._seekMs + WindowMs : 0);
        (run._lastEndMs, run._isInWindow) = (null, true);
    }));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte OnOperation(void* data) => Flag(!Self(data).Try(static run => run.OnWork()));

    private static byte Flag(bool isSet) => isSet ? (byte)1 : (byte)0;

    private static float Finite(float value) => float.IsFinite(value) ? value : 0;

    private static uint Milliseconds(long samples) => (uint)(samples * 1000 / Recording.SampleRate);

    private static byte[] Terminated(string text) => [.. Encoding.UTF8.GetBytes(text), 0];
}
