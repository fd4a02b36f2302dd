using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Node.Engines;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Node.Serving;

/// <summary>Serves one inference stream, from the offer to the generation's end.</summary>
/// <param name="departure">The node's next going.</param>
#pragma warning disable CA1001 // A semaphore of which nobody takes the wait handle owns nothing.
internal sealed class InferenceSession(
    MessageStream<NodeResponse, NodeRequest> stream, IEngine engine, AdmissionDesk desk, ServingLimits limits, TimeProvider time,
    ILogger log, Departure departure)
#pragma warning restore CA1001
{
    private static readonly TimeSpan _progressMax = TimeSpan.FromMilliseconds(InferenceLimits.ProgressMsMax);
    private static readonly TimeSpan _farewellMax = TimeSpan.FromSeconds(2);

    /// <summary>Held while a message is written: the node's going is told from elsewhere than the answer.</summary>
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>Set, while <see cref="_writing"/> is held, with the last message.</summary>
    private bool _hasEnded;

    /// <summary>The last progress of this request's prompt; repeated while the engine works for others.</summary>
    private PrefillProgress _progress = new();

    /// <summary>Serves the stream.</summary>
    /// <remarks>
    /// 1. Admission decides on the offer, which tells sizes only; a refusal is the whole answer.
    /// 2. The offer is accepted, and the prompt that it announced is read.
    /// 3. If the slots are taken, the request waits in line for them.
    /// 4. The engine generates. Each message is written before the next is asked for, so the gateway's pace is the engine's.
    /// 5. The generation's end is the last message.
    /// A node that is about to leave says so in between: a gateway that has another node resets the stream then.
    /// Whatever ends it early (a reset by the gateway, a lost session, a stopping node) cancels the engine, and the slots
    /// are free again when this returns.
    /// </remarks>
    /// <exception cref="MeshException">The gateway is gone.</exception>
    /// <exception cref="OperationCanceledException">The gateway is gone, or <paramref name="cancellationToken"/> fired.</exception>
    public async Task ServeAsync(Offer offer, CancellationToken cancellationToken)
    {
        // Step 1.
        if (!OfferTerms.TryRead(offer, out OfferTerms terms))
        {
            await RefuseAsync(new Refused { Reason = RefusalReason.Malformed, Load = desk.Report(out _) }, cancellationToken);
            return;
        }

        (AdmissionDecision decision, LoadReport load) = desk.Decide(terms, stream.Stream.Connection.RemoteId);
        if (decision.Verdict == AdmissionVerdict.Refuse)
        {
            Refused refused = new() { Reason = decision.Reason, RetryAfterMs = decision.RetryAfterMs, Load = load };
            await RefuseAsync(refused, cancellationToken);
            return;
        }

        try
        {
            await ServeAcceptedAsync(terms, decision, load, cancellationToken);
        }
        finally
        {
            desk.Release(decision.Reservation);
        }
    }

    private async Task ServeAcceptedAsync(
        OfferTerms terms, AdmissionDecision decision, LoadReport load, CancellationToken cancellationToken)
    {
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, departure.Over);
        using CancelOnFault watch = new(stream.Stream.WritesClosed, gone); // the gateway reads no more: it left, or its session did

        // Step 2.
        await WriteAsync(new NodeResponse { Accepted = new Accepted { Load = load } }, gone);
        await using CancellationTokenRegistration leaving = departure.Begun.UnsafeRegister(_ => TellDeparture(gone.Token), null);
        if (await ReadPromptAsync(terms, gone.Token) is not { } prompt)
        {
            return;
        }

        GenerationEnd end;
        try
        {
            // Steps 3 and 4.
            end = await WaitForSlotsAsync(decision.Reservation, gone)
                ? await GenerateAsync(prompt, gone)
                : Fault(InferenceFault.Drained, "the node stops serving");
        }
        catch (OperationCanceledException) when (departure.Over.IsCancellationRequested && !watch.HasFired)
        {
            end = Fault(InferenceFault.Drained, "the node stops");
        }

        // Step 5. A stopping node still says goodbye, if the gateway listens.
        using CancellationTokenSource late = new(departure.Over.IsCancellationRequested ? _farewellMax : limits.WriteMax, time);
        using CancellationTokenSource farewell = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        await WriteInTurnAsync(new NodeResponse { End = end }, farewell.Token);
        stream.CompleteWrites();
    }

    /// <summary>Lets the gateway move the request while it still runs here.</summary>
#pragma warning disable VSTHRD100 // Nothing waits for it, and nothing leaves it.
    private async void TellDeparture(CancellationToken cancellationToken)
#pragma warning restore VSTHRD100
    {
        try
        {
            NodeResponse notice = new() { Draining = new Draining { GraceMs = (uint)departure.Grace.TotalMilliseconds } };
            await WriteInTurnAsync(notice, cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or MeshException or ObjectDisposedException)
        {
            // The gateway is gone, or the request is over.
        }
    }

    /// <summary>The prompt, or null when the gateway sent something else and the stream was reset.</summary>
    private async Task<GenerateRequest?> ReadPromptAsync(OfferTerms terms, CancellationToken cancellationToken)
    {
        TimeSpan forAudio = TimeSpan.FromSeconds((double)terms.AudioBytes / limits.AudioBytesPerSecondMin);
        using CancellationTokenSource late = new(limits.PromptMax + forAudio, time);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        NodeRequest? request;
        bool isWhole;
        try
        {
            request = await stream.ReadAsync(patience.Token);
            isWhole = request?.Prompt is { } first && terms.Covers(first) && await ReadAudioAsync(first, terms.AudioBytes, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            stream.Stream.Abort(StreamDirection.Both, (ulong)InferenceStreamError.DeadlineExceeded);
            return null;
        }

        if (isWhole)
        {
            return request!.Prompt;
        }

        ServingLog.Violated(log, stream.Stream.Connection.RemoteId);
        stream.Stream.Abort(StreamDirection.Both, (ulong)InferenceStreamError.Violation);
        return null;
    }

    /// <summary>Puts the parts of an audio file into the prompt that they follow; false when they aren't what was offered.</summary>
    private async Task<bool> ReadAudioAsync(GenerateRequest prompt, uint bytes, CancellationToken cancellationToken)
    {
        if (bytes == 0)
        {
            return true;
        }

        byte[] audio = new byte[bytes];
        int length = 0;
        while (length < audio.Length)
        {
            ByteString? part = (await stream.ReadAsync(cancellationToken))?.Audio?.Data;
            if (part is not { Length: > 0 and <= InferenceLimits.AudioPartBytesMax } || part.Length > audio.Length - length)
            {
                return false;
            }

            part.CopyTo(audio, length);
            length += part.Length;
        }

        prompt.Transcription.Audio = UnsafeByteOperations.UnsafeWrap(audio);
        return true;
    }

    private async Task<bool> WaitForSlotsAsync(long reservation, CancellationTokenSource gone)
    {
        Task<bool> granted = desk.WaitAsync(reservation);
        while (true)
        {
            try
            {
                return await granted.WaitAsync(_progressMax, time, gone.Token);
            }
            catch (TimeoutException)
            {
                // Silence would be taken for a wedged node.
                await WriteAsync(new NodeResponse { Prefill = _progress }, gone);
            }
        }
    }

    /// <summary>Step 4; everything but the generation's end is written here.</summary>
    private async Task<GenerationEnd> GenerateAsync(GenerateRequest prompt, CancellationTokenSource gone)
    {
        try
        {
            await using IAsyncEnumerator<NodeResponse> messages =
                engine.GenerateAsync(prompt, gone.Token).GetAsyncEnumerator(gone.Token);
            bool hasAnswered = false;
            while (await MoveNextAsync(messages, hasAnswered, gone))
            {
                desk.OnEngineSpoke();
                NodeResponse message = messages.Current;
                if (message.End is { } end)
                {
                    return end;
                }

                hasAnswered |= message.Prefill is null;
                _progress = message.Prefill ?? _progress;
                await WriteAsync(message, gone);
            }

            ServingLog.EngineFailed(log, "it ended without an end");
        }
        catch (Exception e) when (e is not (OperationCanceledException or MeshException))
        {
            // Its message may hold what it was working on; its type can't.
            ServingLog.EngineFailed(log, e.GetType().Name);
        }

        gone.Token.ThrowIfCancellationRequested();
        return Fault(InferenceFault.EngineFailed, "the engine failed");
    }

    /// <summary>Waits for the engine; before its first token, tells the gateway at times that the engine works, if it does.</summary>
    private async ValueTask<bool> MoveNextAsync(
        IAsyncEnumerator<NodeResponse> messages, bool hasAnswered, CancellationTokenSource gone)
    {
        ValueTask<bool> next = messages.MoveNextAsync();
        if (hasAnswered || next.IsCompleted)
        {
            return await next;
        }

        Task<bool> moved = next.AsTask();
        Instant since = time.GetInstant();
        while (true)
        {
            try
            {
                return await moved.WaitAsync(_progressMax, time);
            }
            catch (TimeoutException) when (!moved.IsCompleted)
            {
                // An engine that works for others vouches for this request; one that gives nobody anything doesn't.
                if (desk.HasEngineSpokenSince(since))
                {
                    since = time.GetInstant();
                    await VouchAsync(moved, gone);
                }
            }
        }
    }

    /// <summary>Repeats the last progress. The engine must have been left before a failure may leave this method.</summary>
    private async Task VouchAsync(Task<bool> moved, CancellationTokenSource gone)
    {
        try
        {
            await WriteAsync(new NodeResponse { Prefill = _progress }, gone);
        }
        catch (Exception e) when (e is OperationCanceledException or MeshException)
        {
            await gone.CancelAsync();
            await ((Task)moved).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private async Task RefuseAsync(Refused refused, CancellationToken cancellationToken)
    {
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await WriteAsync(new NodeResponse { Refused = refused }, gone);
        stream.CompleteWrites();
    }

    /// <summary>Writes; a gateway that keeps it waiting for too long counts as gone.</summary>
    private async ValueTask WriteAsync(NodeResponse response, CancellationTokenSource gone)
    {
        ValueTask written = WriteInTurnAsync(response, gone.Token);
        if (!written.IsCompleted)
        {
            using CancellationTokenSource late = new(limits.WriteMax, time);
            using CancellationTokenRegistration left = late.Token.UnsafeRegister(static gone => ((CancellationTokenSource)gone!).Cancel(), gone);
            await written;
            return;
        }

        await written;
    }

    /// <summary>Writes when nothing else is being written; nothing follows the end.</summary>
    private async ValueTask WriteInTurnAsync(NodeResponse response, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (!_hasEnded)
            {
                _hasEnded = response.End is not null;
                await stream.WriteAsync(response, cancellationToken);
            }
        }
        finally
        {
            _ = _writing.Release();
        }
    }

    private GenerationEnd Fault(InferenceFault fault, string detail) =>
        new() { Fault = fault, Detail = detail, Fingerprint = engine.Model.Card.Fingerprint, Usage = new Usage() };
}
