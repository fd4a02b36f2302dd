using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;

namespace Darkbloom.Bench.Transport.Workloads;

/// <summary>The asking side of the workloads, the same over every contender.</summary>
internal static class StreamClient
{
    /// <summary>Round trips in microseconds, one after another.</summary>
    public static async Task<Samples> PingPongAsync(Stream stream, int count, int bytes)
    {
        await new ExchangeHeader(ExchangeKind.Echo, 0, bytes).WriteAsync(stream);
        byte[] message = new byte[bytes];
        Samples samples = new();
        for (int i = 0; i < count; i++)
        {
            long started = Stopwatch.GetTimestamp();
            await stream.WriteAsync(message);
            await stream.FlushAsync();
            await stream.ReadExactlyAsync(message);
            samples.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }
        return samples;
    }

    /// <summary>Round trips in microseconds of messages sent at fixed times, whether or not earlier ones came back.</summary>
    public static async Task<Samples> PulseAsync(Stream stream, int count, int bytes, TimeSpan interval)
    {
        await new ExchangeHeader(ExchangeKind.Echo, 0, bytes).WriteAsync(stream);
        Task<Samples> receiving = ReceivePulsesAsync(stream, count, bytes);
        byte[] message = new byte[bytes];
        long first = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            long due = first + (long)(i * interval.TotalSeconds * Stopwatch.Frequency);
            TimeSpan wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }
            BinaryPrimitives.WriteInt64LittleEndian(message, Stopwatch.GetTimestamp());
            await stream.WriteAsync(message);
            await stream.FlushAsync();
        }
        return await receiving;
    }

    /// <summary>Sends so many bytes and awaits the receipt.</summary>
    public static async Task<TimeSpan> UploadAsync(Stream stream, int label, long bytes)
    {
        long started = Stopwatch.GetTimestamp();
        await new ExchangeHeader(ExchangeKind.Upload, label, bytes).WriteAsync(stream);
        for (long sent = 0; sent < bytes;)
        {
            int piece = (int)Math.Min(StreamServer.BufferBytes, bytes - sent);
            await stream.WriteAsync(UploadPattern.From(sent, piece));
            sent += piece;
        }
        await stream.FlushAsync();
        await stream.ReadExactlyAsync(new byte[StreamServer.ReceiptBytes]);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Sends for so long, and leaves what is on its way.</summary>
    public static async Task UploadForAsync(Stream stream, int label, TimeSpan duration)
    {
        await new ExchangeHeader(ExchangeKind.Upload, label, long.MaxValue).WriteAsync(stream);
        Task over = Task.Delay(duration);
        long sent = 0;
        while (true)
        {
            Task writing = stream.WriteAsync(UploadPattern.From(sent, StreamServer.BufferBytes)).AsTask();
            if (await Task.WhenAny(writing, over) == over)
            {
                _ = writing.ContinueWith(static task => task.Exception, TaskScheduler.Default); // the stream is about to be closed under it
                return;
            }
            await writing;
            sent += StreamServer.BufferBytes;
        }
    }

    private static async Task<Samples> ReceivePulsesAsync(Stream stream, int count, int bytes)
    {
        byte[] message = new byte[bytes];
        Samples samples = new();
        for (int i = 0; i < count; i++)
        {
            await stream.ReadExactlyAsync(message);
            samples.Add(Stopwatch.GetElapsedTime(BinaryPrimitives.ReadInt64LittleEndian(message)).TotalMicroseconds);
        }
        return samples;
    }
}
