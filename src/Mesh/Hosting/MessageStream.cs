using System;
using System.Threading;
using System.Threading.Tasks;
using Google.Protobuf;
namespace Darkbloom.Mesh.Hosting;
/// <summary>Protobuf messages over one MeshStream, each framed by a 4-byte big-endian length of at most BytesMax.</summary>
public sealed class MessageStream<TOut, TIn>(MeshStream stream) : IAsyncDisposable
    where TOut : IMessage<TOut> where TIn : class, IMessage<TIn>, new()
{
    public const int MessageBytesMax = 4 * 1024 * 1024;
    public MeshStream Stream => stream;
    public ValueTask WriteAsync(TOut message, CancellationToken cancellationToken) => throw new NotImplementedException();
    /// <summary>The next message; null when the peer completed its writes.</summary>
    /// <exception cref="MeshException">The stream was reset, the session ended, or the peer sent what is no message.</exception>
    public ValueTask<TIn?> ReadAsync(CancellationToken cancellationToken) => throw new NotImplementedException();
    public void CompleteWrites() => stream.CompleteWrites();
    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
