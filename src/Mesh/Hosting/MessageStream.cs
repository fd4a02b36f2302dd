using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Threading;
using System.Threading.Tasks;
using Google.Protobuf;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Protobuf messages over one stream, each framed by a 4-byte big-endian length (docs/protocol.md, section 8.1).</summary>
/// <remarks>One reader and one writer at a time. A read that was cancelled between two messages can be repeated;
/// one cancelled inside a message goes on where it stopped.</remarks>
public sealed class MessageStream<TOut, TIn>(MeshStream stream) : IAsyncDisposable
    where TOut : IMessage<TOut>
    where TIn : class, IMessage<TIn>, new()
{
    /// <summary>A longer message is refused before a byte of it is buffered.</summary>
    public const int MessageBytesMax = 4 * 1024 * 1024;

    private const int LengthBytes = 4;
    private const int FirstBufferBytes = 16 * 1024;
    private static readonly MessageParser<TIn> _parser = new(static () => new TIn());

    private readonly byte[] _length = new byte[LengthBytes];
    private int _lengthRead;
    private byte[]? _body; // rented while a message is half read, so that a cancelled read loses nothing
    private int _bodyLength;
    private int _bodyRead;

    public MeshStream Stream => stream;

    /// <exception cref="ArgumentException">The message is longer than <see cref="MessageBytesMax"/>.</exception>
    /// <exception cref="MeshException">The peer stopped reading, or the session ended.</exception>
    public async ValueTask WriteAsync(TOut message, CancellationToken cancellationToken)
    {
        int size = message.CalculateSize();
        if (size > MessageBytesMax)
        {
            throw new ArgumentException($"A message of {size} bytes exceeds {MessageBytesMax}.", nameof(message));
        }
        byte[] buffer = ArrayPool<byte>.Shared.Rent(LengthBytes + size);
        try
        {
            BinaryPrimitives.WriteInt32BigEndian(buffer, size);
            message.WriteTo(buffer.AsSpan(LengthBytes, size));
            await stream.WriteAsync(buffer.AsMemory(0, LengthBytes + size), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>The next message; null when the peer completed its writes.</summary>
    /// <exception cref="MeshException">The stream was reset, the session ended, or the peer sent what is no message.</exception>
    public async ValueTask<TIn?> ReadAsync(CancellationToken cancellationToken)
    {
        if (_body is null && !await ReadLengthAsync(cancellationToken))
        {
            return null;
        }
        while (_bodyRead < _bodyLength)
        {
            GrowBody();
            int wanted = Math.Min(_bodyLength, _body!.Length) - _bodyRead;
            int read = await stream.ReadAsync(_body.AsMemory(_bodyRead, wanted), cancellationToken);
            _bodyRead += read > 0 ? read : throw Violation("the stream ended inside a message");
        }
        return TakeMessage();
    }

    public void CompleteWrites() => stream.CompleteWrites();

    public ValueTask DisposeAsync()
    {
        ReturnBody();
        return stream.DisposeAsync();
    }

    /// <summary>False when the stream ended before the first byte of a length.</summary>
    private async ValueTask<bool> ReadLengthAsync(CancellationToken cancellationToken)
    {
        while (_lengthRead < LengthBytes)
        {
            int read = await stream.ReadAsync(_length.AsMemory(_lengthRead), cancellationToken);
            if (read == 0)
            {
                return _lengthRead == 0 ? false : throw Violation("the stream ended inside a length");
            }
            _lengthRead += read;
        }
        uint length = BinaryPrimitives.ReadUInt32BigEndian(_length);
        if (length > MessageBytesMax)
        {
            throw Violation($"a message of {length} bytes exceeds {MessageBytesMax}");
        }
        _lengthRead = 0;
        _bodyLength = (int)length;
        _bodyRead = 0;
        _body = ArrayPool<byte>.Shared.Rent(Math.Min(_bodyLength, FirstBufferBytes));
        return true;
    }

    /// <summary>Doubles a full buffer: memory follows the bytes that arrived, not the length that the peer announced.</summary>
    private void GrowBody()
    {
        if (_bodyRead == _body!.Length)
        {
            byte[] grown = ArrayPool<byte>.Shared.Rent(Math.Min(_bodyLength, 2 * _body.Length));
            _body.AsSpan(0, _bodyRead).CopyTo(grown);
            ReturnBody();
            _body = grown;
        }
    }

    private TIn TakeMessage()
    {
        try
        {
            return TryParse(_body.AsSpan(0, _bodyLength)) ?? throw Violation("the bytes are no message of the expected type");
        }
        finally
        {
            ReturnBody();
        }
    }

    /// <summary>Null for bytes that are no message.</summary>
    /// <remarks>The parser has more than one exception for those: some nested lengths make it leave its buffer. Whatever it
    /// throws, the bytes were the peer's.</remarks>
    internal static TIn? TryParse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return _parser.ParseFrom(bytes);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return null;
        }
    }

    private void ReturnBody()
    {
        if (_body is { } body)
        {
            _body = null;
            ArrayPool<byte>.Shared.Return(body, clearArray: true);
        }
    }

    private static MeshException Violation(string what) => new(MeshError.ProtocolViolation, 0, $"The peer broke the framing: {what}.");
}
