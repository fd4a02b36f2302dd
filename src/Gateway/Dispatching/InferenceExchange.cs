using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Routing;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.Dispatching;

/// <summary>Does for one request what its <see cref="Dispatch"/> says: each action is one await, and its result the next input.</summary>
/// <remarks>The numbers of the steps are those of <see cref="MeshInferenceClient.GenerateAsync"/>.</remarks>
internal sealed class InferenceExchange : IAsyncDisposable
{
    /// <summary>Output tokens that routing expects when the request allows more.</summary>
    private const uint OutputTokensExpected = 256;

    /// <summary>Bytes of a prompt that make a token, roughly, in most languages and vocabularies.</summary>
    private const uint BytesPerToken = 4;

    private readonly NodeConnections _connections;
    private readonly GenerateRequest _request;
    private readonly OfferTerms _offer;
    private readonly Transcript _told;
    private readonly Dispatch _dispatch;
    private readonly ILogger _log;

    /// <summary>The beginnings of the conversation.</summary>
    private readonly UInt128[] _keys;

    /// <summary>What the client says belongs together: it counts where no beginning of the conversation is known.</summary>
    private readonly UInt128[] _clientKey;

    /// <summary>What to do next; set by every input.</summary>
    private DispatchAction _action;

    /// <summary>The node at hand and the stream to it; null between attempts.</summary>
    private MessageStream<NodeRequest, NodeResponse>? _stream;
    private PeerId _node;
    private ResponseReader _reader;

    /// <summary>What the node at hand gets once it accepts: the request, or what makes it go on with another's answer.</summary>
    private GenerateRequest _prompt;

    /// <summary>Fires at the dispatch's deadline; made anew for each attempt.</summary>
    private CancellationTokenSource? _late;

    /// <summary>Fires then, when the client leaves, or by <see cref="_suspicion"/>.</summary>
    private CancellationTokenSource? _patience;

    /// <summary>Fires when the session with the node at hand falls silent.</summary>
    private CancellationToken _suspicion;

    /// <summary>The message that <see cref="DispatchActionKind.Deliver"/> speaks of.</summary>
    private NodeResponse? _response;

    /// <summary>A choice's end whose text is being delivered before it.</summary>
    private NodeResponse? _deferred;

    /// <summary>What the last node said for people.</summary>
    private string? _detail;

    /// <summary>The field that the last node named.</summary>
    private string _param = "";

    public InferenceExchange(
        NodeConnections connections, DispatchPolicy policy, Prng prng, GenerateRequest request, string cacheKey, in OfferTerms offer, ILogger log)
    {
        (_connections, _request, _prompt, _offer, _log) = (connections, request, OfferTerms.WithoutAudio(request), offer, log);
        _reader = new ResponseReader(offer);
        _keys = connections.Keys.Of(request);
        _clientKey = connections.Keys.OfClient(request.Model, cacheKey);
        _told = new Transcript(offer) { IsContinuable = IsContinuable(request) };
        uint outputEach = offer.OutputTokensMax == 0 ? OutputTokensExpected : Math.Min(offer.OutputTokensMax, OutputTokensExpected);
        _dispatch = new Dispatch(
            new RouteQuery(offer.Model, offer.PromptBytes / BytesPerToken, outputEach * offer.Choices)
            {
                Needs = ModelCapability.NeededBy(request),
                Preferred = connections.FindPreferred([.. _keys, .. _clientKey]),
                IsBatch = offer.IsBatch,
            },
            _told,
            policy,
            prng);
    }

    /// <summary>Whether what was told can be told from tokens alone: vectors and echoes can't.</summary>
    private static bool IsContinuable(GenerateRequest request) => request.TaskCase switch
    {
        GenerateRequest.TaskOneofCase.None => true,
        GenerateRequest.TaskOneofCase.Completion => !request.Completion.Echo,
        _ => false,
    };

    private Instant Now => _connections.Time.GetInstant();

    /// <summary>Chooses the first node.</summary>
    public void Start() => Do(_dispatch.Start(Now, _connections.Routes));

    /// <summary>The next message for the client; null after the generation's end.</summary>
    public async ValueTask<NodeResponse?> NextAsync(CancellationToken cancellationToken)
    {
        if (_deferred is { } deferred)
        {
            _deferred = null;
            return deferred;
        }

        if (_dispatch.State == DispatchState.Ended && _action.Kind == DispatchActionKind.Wait)
        {
            return null;
        }

        _dispatch.OnReading(Now);
        while (true)
        {
            switch (_action.Kind)
            {
                case DispatchActionKind.Offer:
                    await OfferAsync(_action.Target, cancellationToken);
                    break;
                case DispatchActionKind.Rest:
                    await RestAsync(cancellationToken);
                    break;
                case DispatchActionKind.SendPrompt:
                    await SendPromptAsync(cancellationToken);
                    break;
                case DispatchActionKind.Wait:
                    await ReadAsync(cancellationToken);
                    break;
                case DispatchActionKind.Deliver or DispatchActionKind.Complete:
                    Debug.Assert(_response is not null, "what is delivered was read");
                    _action = new DispatchAction(DispatchActionKind.Wait);
                    return _response;
                default:
                    Debug.Assert(_dispatch.Outcome is not null, "a failed request has its outcome");
                    throw Failure(_dispatch.Outcome.Value);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _dispatch.OnCancelled();
        Drain();
        await GiveUpAsync(InferenceStreamError.Cancelled); // Step 8.
        DispatchingLog.Ended(_log, _dispatch.Outcome!.Value, _dispatch.Offers, _dispatch.Exposure);
    }

    /// <summary>Step 3.</summary>
    private async ValueTask OfferAsync(PeerId node, CancellationToken cancellationToken)
    {
        await GiveUpAsync(InferenceStreamError.Cancelled);
        _node = node;
        OfferTerms offer = Terms();
        _suspicion = default;
        _late = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _connections.Time);
        _patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _late.Token);
        try
        {
            CancellationToken patience = Patience();
            MeshConnection connection = await _connections.ConnectAsync(node, patience);
            _suspicion = connection.Suspicion;
            _patience.Dispose();
            _patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _late.Token, _suspicion);
            patience = Patience();
            _stream = new(await connection.OpenStreamAsync(StreamPriority.Prompts, patience));
            await _stream.WriteAsync(new NodeRequest { Offer = offer.ToOffer() }, patience);
            _action = new DispatchAction(DispatchActionKind.Wait);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            OnDeadline();
        }
        catch (Exception e) when (e is MeshException or ObjectDisposedException)
        {
            Do(_dispatch.OnUnreachable(Now, _connections.Routes));
        }
    }

    /// <summary>Waits until a node may be found again.</summary>
    private async ValueTask RestAsync(CancellationToken cancellationToken)
    {
        await GiveUpAsync(InferenceStreamError.Cancelled);
        Debug.Assert(_dispatch.Deadline is not null, "a rest ends");
        TimeSpan left = _dispatch.Deadline.Value - Now;
        await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, _connections.Time, cancellationToken);
        _suspicion = default;
        OnDeadline();
    }

    /// <summary>Prepares the prompt for the next node, and says what it is offered.</summary>
    private OfferTerms Terms()
    {
        OfferTerms terms = _offer;
        if (_dispatch.Fingerprint is { Length: > 0 } fingerprint)
        {
            _prompt = _told.ContinuationOf(_request);
            bool isOffered = OfferTerms.TryOffer(_prompt, out terms);
            Debug.Assert(isOffered, "a transcript that is whole fits a message with its prompt");
            terms = terms with { Fingerprint = fingerprint, IsBatch = _offer.IsBatch };
            _reader = new ResponseReader(terms, _told);
        }
        else
        {
            _reader = new ResponseReader(terms);
        }

        TimeSpan left = _dispatch.OutputBy - Now;
        return terms with
        {
            Leases = terms.IsBatch ? [] : _connections.TakeLeases(_node, terms.Choices),
            FirstTokenMax = left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1),
            Attempt = (uint)_dispatch.Offers - 1,
        };
    }

    /// <summary>Step 5.</summary>
    private async ValueTask SendPromptAsync(CancellationToken cancellationToken)
    {
        Debug.Assert(_stream is not null, "the node accepted on a stream");
        try
        {
            await _stream.WriteAsync(new NodeRequest { Prompt = _prompt }, Patience());
            await SendAudioAsync(_stream);
            _stream.CompleteWrites();
            _action = new DispatchAction(DispatchActionKind.Wait);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            OnDeadline();
        }
        catch (MeshException)
        {
            Do(_dispatch.OnLost(Now, _connections.Routes));
        }
    }

    private async ValueTask SendAudioAsync(MessageStream<NodeRequest, NodeResponse> stream)
    {
        ReadOnlyMemory<byte> rest = OfferTerms.AudioOf(_request).Memory;
        while (!rest.IsEmpty)
        {
            ReadOnlyMemory<byte> part = rest[..Math.Min(rest.Length, InferenceLimits.AudioPartBytesMax)];
            rest = rest[part.Length..];
            await stream.WriteAsync(
                new NodeRequest { Audio = new AudioPart { Data = UnsafeByteOperations.UnsafeWrap(part) } }, Patience());
            _dispatch.OnSent(Now);
        }
    }

    /// <summary>Steps 4 and 6.</summary>
    private async ValueTask ReadAsync(CancellationToken cancellationToken)
    {
        Debug.Assert(_stream is not null, "there is a node to read from while the dispatch waits");
        try
        {
            _response = await _stream.ReadAsync(Patience());
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            OnDeadline();
            return;
        }
        catch (MeshException e)
        {
            Do(OnBroken(e));
            return;
        }

        if (_response is null)
        {
            Do(_dispatch.OnLost(Now, _connections.Routes)); // it ended its stream without an end of the generation
            return;
        }

        ResponseViolation violation = _reader.Read(_response);
        if (violation == ResponseViolation.None)
        {
            OnResponse(_response);
            return;
        }

        DispatchingLog.Violated(_log, _node, violation);
        _stream.Stream.Abort(StreamDirection.Both, (ulong)InferenceStreamError.Violation);
        Do(_dispatch.OnViolation(Now, _connections.Routes));
    }

    private void OnResponse(NodeResponse response)
    {
        Instant now = Now;
        switch (response.BodyCase)
        {
            case NodeResponse.BodyOneofCase.Accepted:
                OnLoad(response.Accepted.Load);
                _connections.OnPrompted(_node, [.. ConversationKeys.Kept(_request, _keys), .. _clientKey]);
                Do(_dispatch.OnAccepted(now));
                break;
            case NodeResponse.BodyOneofCase.Refused:
                OnLoad(response.Refused.Load);
                _detail = PeerText.Clean(response.Refused.Detail);
                Do(_dispatch.OnRefused(now, response.Refused.Reason, response.Refused.RetryAfterMs, _connections.Routes));
                break;
            case NodeResponse.BodyOneofCase.Prefill:
                Do(_dispatch.OnProgress(now));
                break;
            case NodeResponse.BodyOneofCase.Draining:
                Do(_dispatch.OnDraining(now, _connections.Routes));
                break;
            case NodeResponse.BodyOneofCase.End:
                _detail = PeerText.Clean(response.End.Detail);
                _param = PeerText.Clean(response.End.Param) ?? "";
                Do(_dispatch.OnEnd(now, response.End.Fault, response.End.Usage, _connections.Routes));
                break;
            case NodeResponse.BodyOneofCase.ChoiceEnd:
                Do(_dispatch.OnChoiceEnd(now, response.ChoiceEnd));
                if (_action.Kind == DispatchActionKind.Deliver && response.ChoiceEnd.Rest is { } rest)
                {
                    (_response, _deferred) = (new NodeResponse { Delta = rest }, response);
                }

                break;
            case NodeResponse.BodyOneofCase.Embedding or NodeResponse.BodyOneofCase.TranscriptStart or NodeResponse.BodyOneofCase.TranscriptSegment:
                Do(_dispatch.OnResult(now));
                break;
            default:
                Do(_dispatch.OnDelta(now, response.Delta));
                break;
        }
    }

    private DispatchAction OnBroken(MeshException e) => e switch
    {
        { Error: MeshError.ProtocolViolation } => _dispatch.OnViolation(Now, _connections.Routes),

        // A node without room for the stream is as busy as one that says so in words.
        { Error: MeshError.Refused } or { Error: MeshError.StreamReset, Code: (ulong)InferenceStreamError.TooMany }
            when _dispatch.State == DispatchState.Offering =>
            _dispatch.OnRefused(Now, RefusalReason.QueueFull, retryAfterMs: 0, _connections.Routes),
        _ => _dispatch.OnLost(Now, _connections.Routes),
    };

    private void OnLoad(LoadReport? report)
    {
        if (_stream is { } stream && NodeLoad.TryRead(report, out NodeLoad load))
        {
            _connections.OnLoad(_node, load, stream.Stream.Connection.SmoothedRtt);
        }
    }

    /// <summary>The patience for the node at hand has ended: by the clock, or because its session fell silent.</summary>
    private void OnDeadline()
    {
        Instant now = Now;
        if (_suspicion.IsCancellationRequested && now < _dispatch.Deadline)
        {
            DispatchingLog.Suspected(_log, _node);
            Do(_dispatch.OnSuspected(now, _connections.Routes));
            return;
        }

        // Timers are coarser than the clock: one that fires means that the deadline is there.
        Do(_dispatch.OnTimeout(_dispatch.Deadline is { } due && now < due ? due : now, _connections.Routes));
    }

    private void Do(DispatchAction action)
    {
        _action = action;
        Drain();
    }

    private void Drain()
    {
        while (_dispatch.TryTakeNote(out RouteNote note))
        {
            _connections.OnNote(note);
        }
    }

    private CancellationToken Patience()
    {
        Debug.Assert(_late is not null && _patience is not null && _dispatch.Deadline is not null, "an attempt is under way");
        TimeSpan left = _dispatch.Deadline.Value - Now;
        _late.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        return _patience.Token;
    }

    /// <summary>Resets the stream at hand, which stops the node; harmless if both sides have finished with it.</summary>
    private async ValueTask GiveUpAsync(InferenceStreamError error)
    {
        _patience?.Dispose();
        _late?.Dispose();
        (_patience, _late) = (null, null);
        if (_stream is { } stream)
        {
            _stream = null;
            stream.Stream.Abort(StreamDirection.Both, (ulong)error);
            await stream.DisposeAsync();
        }
    }

    private InferenceException Failure(InferenceOutcome outcome) => new(
        outcome,
        _dispatch.RetryAfter,
        outcome is InferenceOutcome.InvalidRequest or InferenceOutcome.ContextLengthExceeded ? _detail : null)
    {
        Param = _param,
    };
}
