using System;
using System.IO;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using FASTER.core;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>Serves the streams of one connected peer until the session ends.</summary>
internal sealed class PeerServer(
    MeshConnection connection, RegistrarDriver registrar, RequestCounters counters, TimeProvider time, ILogger logger)
{
    private int _streams;

    public async Task ServeAsync(CancellationToken cancellationToken)
    {
        await using (connection)
        {
            try
            {
                while (true)
                {
                    Start(await connection.AcceptStreamAsync(cancellationToken), cancellationToken);
                }
            }
            catch (Exception e) when (e is MeshException or OperationCanceledException or ObjectDisposedException)
            {
                // The session is over, or the rendezvous stops.
            }
        }
    }

    private void Start(MeshStream stream, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _streams) > HostingLimits.StreamsPerConnectionMax)
        {
            _ = Interlocked.Decrement(ref _streams);
            stream.Abort(StreamDirection.Both, (ulong)RendezvousErrorCode.RateLimited);
            return;
        }
        // Every failure ends inside: a stream takes down neither its neighbours nor the session.
        _ = Task.Run(() => ServeStreamAsync(stream, cancellationToken), CancellationToken.None);
    }

    private async Task ServeStreamAsync(MeshStream stream, CancellationToken cancellationToken)
    {
        MessageStream<RendezvousResponse, RendezvousRequest> messages = new(stream);
        try
        {
            if (await ReadAsync(messages, cancellationToken) is { } request)
            {
                PeerSession session = new(connection.RemoteKey, PathAddress.From(connection.RemoteEndPoint));
                await (request.BodyCase == RendezvousRequest.BodyOneofCase.Notices
                    ? FollowAsync(stream, session, request, cancellationToken)
                    : AnswerAsync(messages, session, request, cancellationToken));
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            RendezvousLog.StreamFailed(logger, connection.RemoteId, e.Message);
        }
        catch (Exception e) when (e is FasterException or CommitFailureException)
        {
            RendezvousLog.JournalFailed(logger, e);
        }
        finally
        {
            await messages.DisposeAsync();
            _ = Interlocked.Decrement(ref _streams);
        }
    }

    private async Task<RendezvousRequest?> ReadAsync(
        MessageStream<RendezvousResponse, RendezvousRequest> messages, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = new(TimeSpan.FromMilliseconds(HostingLimits.RequestReadMsMax), time);
        using CancellationTokenSource reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        return await messages.ReadAsync(reading.Token);
    }

    private async Task AnswerAsync(
        MessageStream<RendezvousResponse, RendezvousRequest> messages,
        PeerSession session,
        RendezvousRequest request,
        CancellationToken cancellationToken)
    {
        RendezvousResponse response = await registrar.HandleAsync(session, request);
        Note(session, request, response);
        using CancellationTokenSource late = new(TimeSpan.FromMilliseconds(HostingLimits.ResponseWriteMsMax), time);
        using CancellationTokenSource writing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        await messages.WriteAsync(response, writing.Token);
        messages.CompleteWrites();
    }

    private async Task FollowAsync(MeshStream stream, PeerSession session, RendezvousRequest request, CancellationToken cancellationToken)
    {
        (RendezvousResponse response, ChannelReader<RendezvousNotice>? notices) = registrar.Subscribe(session, request);
        Note(session, request, response);
        if (notices is null)
        {
            stream.Abort(StreamDirection.Both, (ulong)response.Error.Code);
            return;
        }
        using CancellationTokenSource following = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task told = TellAsync(stream, notices, following.Token);
        Task left = WaitForEndAsync(stream, following.Token);
        try
        {
            _ = await Task.WhenAny(told, left);
        }
        finally
        {
            registrar.Unsubscribe(session.Id, notices);
            await following.CancelAsync();
            await Task.WhenAll(told, left);
        }
    }

    // The stream carries notices from its first answer on; its messages are framed alike.
    private static async Task TellAsync(MeshStream stream, ChannelReader<RendezvousNotice> notices, CancellationToken cancellationToken)
    {
        MessageStream<RendezvousNotice, RendezvousRequest> messages = new(stream);
        await foreach (RendezvousNotice notice in notices.ReadAllAsync(cancellationToken))
        {
            await messages.WriteAsync(notice, cancellationToken);
        }
        messages.CompleteWrites();
    }

    /// <summary>A subscriber says nothing more; its end of the stream, or anything else on it, ends the subscription.</summary>
    private static async Task WaitForEndAsync(MeshStream stream, CancellationToken cancellationToken) =>
        _ = await stream.ReadAsync(new byte[1], cancellationToken);

    private void Note(PeerSession session, RendezvousRequest request, RendezvousResponse response)
    {
        counters.Count(response);
        if (response.BodyCase == RendezvousResponse.BodyOneofCase.Error)
        {
            RendezvousLog.Refused(logger, request.BodyCase, session.Id, response.Error.Code, response.Error.Detail);
        }
        else
        {
            RendezvousLog.Answered(logger, request.BodyCase, session.Id, response.BodyCase);
        }
    }
}
