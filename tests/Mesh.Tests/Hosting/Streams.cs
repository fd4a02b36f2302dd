using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;

namespace Darkbloom.Mesh.Tests.Hosting;

/// <summary>What tests do with streams.</summary>
internal static class Streams
{
    public static async Task WriteAllAsync(MeshStream stream, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(data, cancellationToken);
        stream.CompleteWrites();
    }

    public static async Task<byte[]> ReadAllAsync(MeshStream stream, CancellationToken cancellationToken)
    {
        using MemoryStream all = new();
        await stream.CopyToAsync(all, cancellationToken);
        return all.ToArray();
    }

    public static async Task EchoOneAsync(MeshConnection connection, CancellationToken cancellationToken)
    {
        MeshStream stream = await connection.AcceptStreamAsync(cancellationToken);
        await EchoAsync(stream, cancellationToken);
    }

    public static async Task EchoManyAsync(MeshConnection connection, int count, CancellationToken cancellationToken)
    {
        Task[] echoes = new Task[count];
        for (int i = 0; i < count; i++)
        {
            MeshStream stream = await connection.AcceptStreamAsync(cancellationToken);
            echoes[i] = EchoAsync(stream, cancellationToken);
        }
        await Task.WhenAll(echoes);
    }

    public static async Task<bool> RoundTripAsync(
        MeshConnection connection, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        await using MeshStream stream = await connection.OpenStreamAsync(StreamPriority.Prompts, cancellationToken);
        Task writing = WriteAllAsync(stream, data, cancellationToken);
        byte[] received = await ReadAllAsync(stream, cancellationToken);
        await writing;
        return data.Span.SequenceEqual(received);
    }

    private static async Task EchoAsync(MeshStream stream, CancellationToken cancellationToken)
    {
        await using (stream)
        {
            await stream.CopyToAsync(stream, cancellationToken);
            stream.CompleteWrites();
            await stream.WritesClosed.WaitAsync(cancellationToken);
        }
    }
}
