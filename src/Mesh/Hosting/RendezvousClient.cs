using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Membership;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Hosting;

/// <summary>The streams between a peer and its rendezvous (docs/protocol.md, section 8.8), without any decision.</summary>
internal static class RendezvousClient
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromMilliseconds(MembershipTimings.RequestTimeoutMs);

    /// <summary>Opens a session, trying each address that the name stands for.</summary>
    /// <exception cref="IOException">None of them answered; the message says so in words for the owner.</exception>
    public static async Task<MeshConnection> ConnectAsync(MeshHost host, RendezvousAddress rendezvous, CancellationToken cancellationToken)
    {
        MeshException? last = null;
        foreach (IPAddress address in await ResolveAsync(host, rendezvous, cancellationToken))
        {
            try
            {
                return await host.ConnectAsync(rendezvous.Key, new IPEndPoint(address, rendezvous.Port), cancellationToken);
            }
            catch (MeshException e)
            {
                last = e;
            }
        }
        throw last ?? new IOException($"The name of the rendezvous, {rendezvous.Host}, stands for no address that this peer can reach.");
    }

    /// <summary>One request, one answer, on a stream of their own.</summary>
    /// <exception cref="IOException">No answer came.</exception>
    public static async Task<RendezvousResponse> AskAsync(
        MeshConnection connection, RendezvousRequest request, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(RequestTimeout);
        try
        {
            MeshStream stream = await connection.OpenStreamAsync(StreamPriority.Control, timeout.Token);
            await using MessageStream<RendezvousRequest, RendezvousResponse> messages = new(stream);
            await messages.WriteAsync(request, timeout.Token);
            messages.CompleteWrites();
            return await messages.ReadAsync(timeout.Token) ?? throw new IOException("The rendezvous ended the stream without an answer.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException("The rendezvous did not answer in time.");
        }
    }

    /// <summary>Notices until the rendezvous ends the stream.</summary>
    /// <exception cref="IOException">The subscription was refused, or the session ended.</exception>
    public static async IAsyncEnumerable<RendezvousNotice> FollowAsync(
        MeshConnection connection, RendezvousRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        MeshStream stream = await connection.OpenStreamAsync(StreamPriority.Control, cancellationToken);
        await using MessageStream<RendezvousRequest, RendezvousNotice> messages = new(stream);
        await messages.WriteAsync(request, cancellationToken);
        while (await messages.ReadAsync(cancellationToken) is { } notice)
        {
            yield return notice;
        }
    }

    private static async Task<IEnumerable<IPAddress>> ResolveAsync(MeshHost host, RendezvousAddress rendezvous, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(rendezvous.Host, out IPAddress? literal))
        {
            return [literal];
        }
        IPAddress[] addresses;
        try
        {
            addresses = await Dns.GetHostAddressesAsync(rendezvous.Host, cancellationToken);
        }
        catch (SocketException)
        {
            throw new IOException($"The name of the rendezvous, {rendezvous.Host}, could not be resolved.");
        }
        // A socket bound to IPv4 reaches IPv4 only; one bound to IPv6 is dual.
        return host.LocalEndPoint.AddressFamily == AddressFamily.InterNetwork
            ? addresses.Where(address => address.AddressFamily == AddressFamily.InterNetwork)
            : addresses;
    }
}
