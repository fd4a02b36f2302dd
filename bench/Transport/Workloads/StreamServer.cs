using System;
using System.Collections.Concurrent;
using System.IO;
using System.Threading.Tasks;

namespace Darkbloom.Bench.Transport.Workloads;

/// <summary>Serves the streams of every contender alike.</summary>
internal sealed class StreamServer
{
    public const int BufferBytes = 64 * 1024;
    public const int ReceiptBytes = 1;

    private readonly ConcurrentDictionary<int, UploadCount> _uploads = new();

    /// <summary>What has arrived of the uploads with this label.</summary>
    public UploadCount Upload(int label) => _uploads.GetOrAdd(label, static _ => new UploadCount());

    public async Task ServeAsync(Stream stream)
    {
        try
        {
            await using (stream)
            {
                ExchangeHeader header = await ExchangeHeader.ReadAsync(stream);
                await (header.Kind == ExchangeKind.Echo ? EchoAsync(stream, (int)header.Bytes) : ReceiveAsync(stream, header));
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A client that leaves ends its stream in the middle.
        }
    }

    private static async Task EchoAsync(Stream stream, int bytes)
    {
        byte[] message = new byte[bytes];
        while (true)
        {
            await stream.ReadExactlyAsync(message);
            await stream.WriteAsync(message);
            await stream.FlushAsync();
        }
    }

    private async Task ReceiveAsync(Stream stream, ExchangeHeader header)
    {
        UploadCount count = Upload(header.Label);
        count.Start();
        byte[] buffer = new byte[BufferBytes];
        long received = 0;
        while (received < header.Bytes)
        {
            int read = await stream.ReadAsync(buffer);
            if (read == 0)
            {
                return;
            }
            count.Add(received, buffer.AsSpan(0, read));
            received += read;
        }
        await stream.WriteAsync(new byte[ReceiptBytes]);
        await stream.FlushAsync();
        _ = await stream.ReadAsync(buffer); // the client closes
    }
}
