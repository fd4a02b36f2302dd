using System;
using System.IO;
using System.Threading.Tasks;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.LinkEmulator;

namespace Darkbloom.Bench.Transport;

/// <summary>Where rows measure: two processes on loopback, and two at the ends of an emulated link, started when first asked for.</summary>
internal sealed class Lab(Options options, TextWriter progress) : IAsyncDisposable
{
    private AgentPair? _loopback;
    private AgentPair? _link;

    public bool IsQuick => options.IsQuick;

    public int Repetitions => options.Repetitions;

    public AgentPair Loopback => _loopback ??= AgentPair.OnLoopback();

    public Task SayAsync(string line) => progress.WriteLineAsync(line);

    /// <summary>A new link, so that each row and repetition meets the same luck; the processes at its ends are new as well.</summary>
    /// <exception cref="InvalidOperationException">There can be no link here.</exception>
    public async Task<AgentPair> LinkAsync(LinkProfile profile, int repetition = 0)
    {
        if (EmulatedLink.Unavailable is { } why)
        {
            throw new InvalidOperationException(why);
        }
        await CloseLinkAsync();
        return _link = AgentPair.Over(profile, options.Seed + repetition);
    }

    /// <summary>After a failure nobody knows what the processes are still doing.</summary>
    public async Task RestartAsync()
    {
        await CloseLinkAsync();
        if (_loopback is not null)
        {
            await _loopback.DisposeAsync();
            _loopback = null;
        }
    }

    public async ValueTask DisposeAsync() => await RestartAsync();

    private async Task CloseLinkAsync()
    {
        if (_link is not null)
        {
            await _link.DisposeAsync();
            _link = null;
        }
    }
}
