using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Darkbloom.Bench.Transport.Contenders;
using Darkbloom.LinkEmulator;

namespace Darkbloom.Bench.Transport.Agents;

/// <summary>A process that serves and one that asks, on this machine's loopback or at the two ends of an emulated link.</summary>
internal sealed class AgentPair : IAsyncDisposable
{
    private readonly IPAddress _serverAddress;
    private readonly Dictionary<(Contender, string), Task<AgentMessage>> _listening = [];
    private int _lastId;

    private AgentPair(EmulatedLink? link)
    {
        Link = link;
        _serverAddress = link?.Right.Address ?? IPAddress.Loopback;
        Client = AgentProcess.Start(link?.Left);
        Server = AgentProcess.Start(link?.Right);
    }

    public EmulatedLink? Link { get; }

    /// <summary>On the link's left.</summary>
    public AgentProcess Client { get; }

    /// <summary>On the link's right.</summary>
    public AgentProcess Server { get; }

    public static AgentPair OnLoopback() => new(null);

    public static AgentPair Over(LinkProfile profile, int seed)
    {
        EmulatedLink link = new(seed);
        link.UseBothWays(profile);
        return new AgentPair(link);
    }

    /// <summary>Opens a connection of one kind; the numbers of ids never repeat.</summary>
    public async Task<OpenConnection> OpenAsync(Contender contender, string variant = "")
    {
        int id = ++_lastId;
        AgentMessage listening = await ListenAsync(contender, variant);
        _ = await Client.AskAsync(
            "open",
            ("kind", contender.ToString()), ("variant", variant), ("id", id), ("address", _serverAddress.ToString()),
            ("port", listening.Text("port")), ("key", listening.Text("key")));
        return new OpenConnection(this, contender, id);
    }

    /// <summary>Where the server's agent listens for a contender: a port, and a key where there is one.</summary>
    public Task<AgentMessage> ListenAsync(Contender contender, string variant = "")
    {
        if (!_listening.TryGetValue((contender, variant), out Task<AgentMessage>? listening))
        {
            listening = Server.AskAsync("listen", ("kind", contender.ToString()), ("variant", variant), ("address", _serverAddress.ToString()));
            _listening.Add((contender, variant), listening);
        }
        return listening;
    }

    /// <summary>Lets both processes compile what a contender needs, on a connection of its own.</summary>
    public async Task WarmUpAsync(Contender contender)
    {
        await using OpenConnection connection = await OpenAsync(contender);
        await Task.WhenAll(connection.UploadForAsync(seconds: 0.5), connection.EchoAsync(count: 10, bytes: 200));
    }

    /// <summary>Sends messages on several connections at once and awaits each one's echo; the latencies are those of all together.</summary>
    public Task<AgentMessage> EchoAsync(IReadOnlyCollection<OpenConnection> connections, int count, int bytes, int intervalMs = 0) => Client.AskAsync(
        "echo",
        ("ids", string.Join(',', connections.Select(connection => connection.Id))), ("count", count), ("bytes", bytes), ("interval_ms", intervalMs));

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
        Link?.Dispose();
    }
}
