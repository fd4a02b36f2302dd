using System;
using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;

namespace Darkbloom.Bench.Transport.Contenders;

/// <summary>A connection on which streams can be opened.</summary>
internal interface IStreamClient : IAsyncDisposable
{
    /// <summary>What it took to connect, where that is done before the first stream.</summary>
    TimeSpan ConnectTime => TimeSpan.Zero;

    /// <param name="isUrgent">Tokens rather than bulk, where a transport knows the difference.</param>
    Task<Stream> OpenAsync(bool isUrgent);

    /// <summary>The transport's own counters; empty where it has none.</summary>
    IReadOnlyDictionary<string, string> Statistics => new Dictionary<string, string>();
}

/// <summary>Where such connections arrive; each stream is handed to what serves it.</summary>
internal interface IStreamServer : IAsyncDisposable
{
    int Port { get; }

    /// <summary>What a client needs beside the address; empty if nothing.</summary>
    string Key => "";
}
