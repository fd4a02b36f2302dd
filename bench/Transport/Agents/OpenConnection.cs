using System;
using System.Threading.Tasks;
using Darkbloom.Bench.Transport.Contenders;

namespace Darkbloom.Bench.Transport.Agents;

/// <summary>A connection that the client's agent holds open; labels tell its uploads apart at the server.</summary>
internal sealed class OpenConnection(AgentPair pair, Contender contender, int id) : IAsyncDisposable
{
    public int Id => id;

    /// <summary>Opens the first stream, sends a message, awaits its echo; the time counts from when the connection began to open.</summary>
    public Task<AgentMessage> FirstByteAsync(int bytes) => pair.Client.AskAsync("first", ("id", id), ("bytes", bytes));

    /// <summary>Sends messages and awaits each one's echo.</summary>
    /// <param name="intervalMs">From one message to the next; 0 sends it when the last one's echo is there.</param>
    public Task<AgentMessage> EchoAsync(int count, int bytes, int intervalMs = 0) =>
        pair.EchoAsync([this], count, bytes, intervalMs);

    /// <summary>Sends so many bytes and awaits the server's receipt.</summary>
    public Task<AgentMessage> UploadAsync(long bytes) => UploadAsync(bytes, 0);

    /// <summary>Sends for so long; <see cref="ReceivedAsync"/> says what arrived.</summary>
    public Task<AgentMessage> UploadForAsync(double seconds) => UploadAsync(0, seconds);

    /// <summary>What of this connection's uploads the server has: bytes, and seconds since the first of them.</summary>
    public Task<AgentMessage> ReceivedAsync() => pair.Server.AskAsync("received", ("kind", contender.ToString()), ("id", id));

    /// <summary>The transport's own counters, where it has some.</summary>
    public Task<AgentMessage> StatisticsAsync() => pair.Client.AskAsync("statistics", ("id", id));

    public async ValueTask DisposeAsync() => await pair.Client.AskAsync("close", ("id", id));

    private Task<AgentMessage> UploadAsync(long bytes, double seconds) =>
        pair.Client.AskAsync("upload", ("kind", contender.ToString()), ("id", id), ("bytes", bytes), ("seconds", seconds));
}
