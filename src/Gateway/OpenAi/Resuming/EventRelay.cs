using System;
using System.Buffers;
using System.IO;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Gateway.OpenAi.Resuming;

/// <summary>The response that began a resumable stream: what it is told goes to the log, and from there to its own client.</summary>
/// <remarks>It goes on without its client, until the answer ends or the stream is abandoned.</remarks>
internal sealed class EventRelay : IDisposable
{
    private readonly ApiExchange _exchange;
    private readonly ArrayBufferWriter<byte> _words = new();
    private readonly CancellationTokenSource _reader;
    private readonly CancellationTokenSource _gone;
    private readonly CancellationTokenRegistration _leaving;
    private readonly CancellationTokenRegistration _displacement;
    private long _last;

    public EventRelay(ApiExchange exchange, ResumableStream stream)
    {
        (_exchange, Stream) = (exchange, stream);
        _reader = stream.TryAttach() ?? throw new InvalidOperationException("A stream begins before it can be abandoned.");
        CancellationToken aborted = exchange.Context.RequestAborted;
        _gone = CancellationTokenSource.CreateLinkedTokenSource(aborted, _reader.Token);
        _leaving = aborted.UnsafeRegister(_ => stream.Detach(_reader), null);
        _displacement = _reader.Token.UnsafeRegister(_ => exchange.Context.Abort(), null);
    }

    public ResumableStream Stream { get; }

    /// <summary>Where a dialect writes.</summary>
    public IBufferWriter<byte> Words => _words;

    /// <summary>Whether the client that began the stream still reads it.</summary>
    public bool IsAttached => !_gone.IsCancellationRequested;

    /// <summary>Keeps what was written, and sends it if the client is there; a comment if there is nothing to send.</summary>
    /// <param name="waits">Whether to wait while a client that is away, or reads elsewhere, has too much unread.</param>
    public async Task FlushAsync(bool waits)
    {
        Stream.Log.Append(_words.WrittenSpan);
        _words.ResetWrittenCount();
        if (IsAttached)
        {
            try
            {
                await SendAsync();
                return;
            }
            catch (Exception e) when (!IsAttached && e is OperationCanceledException or IOException)
            {
                // The log has it.
            }
        }

        if (waits)
        {
            await Stream.Log.WaitForRoomAsync(Stream.Abandoned);
        }
    }

    public void Dispose()
    {
        Stream.Log.Complete();
        _leaving.Dispose();
        _displacement.Dispose();
        Stream.Detach(_reader);
        _gone.Dispose();
    }

    private async Task SendAsync()
    {
        PipeWriter output = _exchange.Context.Response.BodyWriter;
        long before = _last;
        _ = Stream.Log.Read(ref _last, output);
        if (_last == before)
        {
            output.Write(ResumableStreams.Comment);
        }

        await output.FlushAsync(_gone.Token);
    }
}
