using System.Threading;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Rendezvous.Hosting;

/// <summary>What was answered since the start, for /metrics.</summary>
internal sealed class RequestCounters
{
    private long _requests;
    private long _errors;
    private long _tickets;
    private long _connections;

    public long Requests => Interlocked.Read(ref _requests);

    public long Errors => Interlocked.Read(ref _errors);

    public long Tickets => Interlocked.Read(ref _tickets);

    /// <summary>Sessions open now.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    public void Count(RendezvousResponse response)
    {
        _ = Interlocked.Increment(ref _requests);
        if (response.BodyCase == RendezvousResponse.BodyOneofCase.Error)
        {
            _ = Interlocked.Increment(ref _errors);
        }
        if (response.BodyCase == RendezvousResponse.BodyOneofCase.Ticket)
        {
            _ = Interlocked.Increment(ref _tickets);
        }
    }

    /// <summary>Counts a session in, unless there are already <paramref name="connectionsMax"/>.</summary>
    public bool TryOpen(int connectionsMax)
    {
        if (Interlocked.Increment(ref _connections) <= connectionsMax)
        {
            return true;
        }
        Close();
        return false;
    }

    public void Close() => Interlocked.Decrement(ref _connections);
}
