using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Contenders;
using Darkbloom.Bench.Transport.Workloads;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Bench.Transport.Agents;

/// <summary>One end of what is measured: does what the lines of its input say, several things at once, and answers each by a line.</summary>
internal sealed class Agent(TextReader input, TextWriter output) : IDisposable
{
    private readonly StreamServer _streams = new();
    private readonly ConcurrentDictionary<int, IStreamClient> _clients = new();
    private readonly ConcurrentDictionary<int, IPEndPoint> _datagramTargets = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private FixedWindowContender.Receiver? _fixedWindow;
    private RawUdpContender.Receiver? _rawUdp;

    /// <summary>Ends with the input: the run is over, or its process is gone.</summary>
    public async Task RunAsync()
    {
        while (await input.ReadLineAsync() is { } line)
        {
            _ = AnswerAsync(AgentMessage.Parse(line));
        }
    }

    public void Dispose()
    {
        _fixedWindow?.Dispose();
        _rawUdp?.Dispose();
        _writing.Dispose();
    }

    private async Task AnswerAsync(AgentMessage question)
    {
        await Task.Yield(); // long measurements must not keep the next line waiting
        AgentMessage answer;
        try
        {
            answer = new AgentMessage(question.Number, AgentMessage.Done, await DoAsync(question));
        }
        catch (Exception e)
        {
            string why = $"{e.GetType().Name}: {e.Message}".ReplaceLineEndings(" ").Replace(' ', '_');
            answer = new AgentMessage(question.Number, AgentMessage.Failed, AgentMessage.Of(("why", why)));
        }
        await _writing.WaitAsync();
        try
        {
            await output.WriteLineAsync(answer.ToString());
            await output.FlushAsync();
        }
        finally
        {
            _ = _writing.Release();
        }
    }

    private Task<IReadOnlyDictionary<string, string>> DoAsync(AgentMessage question) => question.Word switch
    {
        "listen" => ListenAsync(question),
        "open" => OpenAsync(question),
        "first" => FirstByteAsync(question),
        "echo" => EchoAsync(question),
        "upload" => UploadAsync(question),
        "received" => Task.FromResult(Received(question)),
        "statistics" => Task.FromResult(_clients[question.Whole("id")].Statistics),
        "process" => Task.FromResult(ProcessCounts()),
        "flood" => FloodAsync(question),
        "close" => CloseAsync(question),
        _ => throw new ArgumentException($"No such word: {question.Word}."),
    };

    private async Task<IReadOnlyDictionary<string, string>> ListenAsync(AgentMessage question)
    {
        IPAddress address = IPAddress.Parse(question.Text("address"));
        switch (Kind(question))
        {
            case Contender.FixedWindow:
                _fixedWindow = new FixedWindowContender.Receiver(address);
                return AgentMessage.Of(("port", _fixedWindow.Port), ("key", ""));
            case Contender.RawUdp:
                _rawUdp = new RawUdpContender.Receiver(address);
                return AgentMessage.Of(("port", _rawUdp.Port), ("key", ""));
            default:
                IStreamServer server = Kind(question) switch
                {
                    Contender.Mesh => new MeshContender.Server(address, _streams.ServeAsync),
                    Contender.Tls => new TlsContender.Server(address, question.Text("variant"), _streams.ServeAsync),
                    _ => await Http2Contender.Server.StartAsync(address, _streams.ServeAsync),
                };
                return AgentMessage.Of(("port", server.Port), ("key", server.Key));
        }
    }

    private async Task<IReadOnlyDictionary<string, string>> OpenAsync(AgentMessage question)
    {
        int id = question.Whole("id");
        IPEndPoint server = new(IPAddress.Parse(question.Text("address")), question.Whole("port"));
        switch (Kind(question))
        {
            case Contender.FixedWindow or Contender.RawUdp:
                _datagramTargets[id] = server;
                break;
            case Contender.Mesh when PublicKey.TryParse(question.Text("key"), out PublicKey key):
                _clients[id] = await MeshContender.Client.ConnectAsync(server, key);
                break;
            case Contender.Tls:
                _clients[id] = new TlsContender.Client(server, question.Text("variant"));
                break;
            default:
                _clients[id] = new Http2Contender.Client(server);
                break;
        }
        return AgentMessage.Of();
    }

    private async Task<IReadOnlyDictionary<string, string>> EchoAsync(AgentMessage question)
    {
        Samples all = new();
        foreach (Samples samples in await Task.WhenAll(question.Text("ids").Split(',').Select(id => EchoAsync(int.Parse(id, CultureInfo.InvariantCulture), question))))
        {
            all.AddAll(samples);
        }
        return AgentMessage.Of(("count", all.Count), ("p50_us", all.Median), ("p99_us", all.Quantile(0.99)));
    }

    /// <summary>From the wish to connect to the first byte of an answer, as if the connection's opening had gone on here.</summary>
    private async Task<IReadOnlyDictionary<string, string>> FirstByteAsync(AgentMessage question)
    {
        IStreamClient client = _clients[question.Whole("id")];
        long started = Stopwatch.GetTimestamp();
        await using Stream stream = await client.OpenAsync(isUrgent: true);
        _ = await StreamClient.PingPongAsync(stream, count: 1, question.Whole("bytes"));
        return AgentMessage.Of(("ms", (client.ConnectTime + Stopwatch.GetElapsedTime(started)).TotalMilliseconds));
    }

    private async Task<Samples> EchoAsync(int id, AgentMessage question)
    {
        (int count, int bytes, int intervalMs) = (question.Whole("count"), question.Whole("bytes"), question.Whole("interval_ms"));
        if (_datagramTargets.TryGetValue(id, out IPEndPoint? target))
        {
            return RawUdpContender.Echo(target, count, bytes);
        }
        await using Stream stream = await _clients[id].OpenAsync(isUrgent: true);
        return intervalMs == 0
            ? await StreamClient.PingPongAsync(stream, count, bytes)
            : await StreamClient.PulseAsync(stream, count, bytes, TimeSpan.FromMilliseconds(intervalMs));
    }

    private async Task<IReadOnlyDictionary<string, string>> UploadAsync(AgentMessage question)
    {
        int id = question.Whole("id");
        TimeSpan duration = TimeSpan.FromSeconds(question.Real("seconds"));
        if (_datagramTargets.TryGetValue(id, out IPEndPoint? target))
        {
            Action<IPEndPoint, TimeSpan> send = question.Text("kind") == nameof(Contender.RawUdp) ? RawUdpContender.Flood : FixedWindowContender.Send;
            await Task.Factory.StartNew(() => send(target, duration), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return AgentMessage.Of();
        }
        await using Stream stream = await _clients[id].OpenAsync(isUrgent: false);
        if (duration == TimeSpan.Zero)
        {
            return AgentMessage.Of(("seconds", (await StreamClient.UploadAsync(stream, id, (long)question.Real("bytes"))).TotalSeconds));
        }
        await StreamClient.UploadForAsync(stream, id, duration);
        return AgentMessage.Of();
    }

    private IReadOnlyDictionary<string, string> Received(AgentMessage question)
    {
        switch (Kind(question))
        {
            case Contender.FixedWindow:
                return AgentMessage.Of(("bytes", _fixedWindow!.ReceivedBytes));
            case Contender.RawUdp:
                return AgentMessage.Of(("bytes", _rawUdp!.ReceivedBytes));
            default:
                (long bytes, double seconds, double gapMs, bool isDamaged) = _streams.Upload(question.Whole("id")).Read();
                return AgentMessage.Of(("bytes", bytes), ("seconds", seconds), ("gap_ms", gapMs), ("damaged", isDamaged ? 1 : 0));
        }
    }

    private static IReadOnlyDictionary<string, string> ProcessCounts()
    {
        using Process self = Process.GetCurrentProcess();
        return AgentMessage.Of(
            ("cpu_s", self.TotalProcessorTime.TotalSeconds), ("allocated", GC.GetTotalAllocatedBytes(precise: true)),
            ("gen2", GC.CollectionCount(2)), ("resident", self.WorkingSet64));
    }

    /// <summary>To the port given, or to one that nobody reads.</summary>
    private static Task<IReadOnlyDictionary<string, string>> FloodAsync(AgentMessage question) => Task.Factory.StartNew(
        () =>
        {
            IPAddress address = IPAddress.Parse(question.Text("address"));
            using Socket deaf = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            deaf.Bind(new IPEndPoint(address, 0));
            int port = question.Whole("port") is > 0 and var given ? given : ((IPEndPoint)deaf.LocalEndPoint!).Port;
            _ = PublicKey.TryParse(question.Text("key"), out PublicKey key);
            using InitFlood flood = new(address, key);
            double perSecond = flood.Run(new IPEndPoint(address, port), question.Whole("per_second"), TimeSpan.FromSeconds(question.Real("seconds")));
            return AgentMessage.Of(("per_second", perSecond));
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private async Task<IReadOnlyDictionary<string, string>> CloseAsync(AgentMessage question)
    {
        if (_clients.TryRemove(question.Whole("id"), out IStreamClient? client))
        {
            await client.DisposeAsync();
        }
        return AgentMessage.Of();
    }

    private static Contender Kind(AgentMessage question) => Enum.Parse<Contender>(question.Text("kind"));
}
