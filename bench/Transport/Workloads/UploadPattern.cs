using System;

namespace Darkbloom.Bench.Transport.Workloads;

/// <summary>The bytes of every upload: each follows from its place, so that a lost or doubled one shows.</summary>
internal static class UploadPattern
{
    /// <summary>A prime: no multiple of a packet or a buffer repeats it.</summary>
    private const int Period = 8191;
    private static readonly byte[] _bytes = Create();

    /// <summary>Bytes that may be sent from any place: as many as <paramref name="bytes"/>.</summary>
    public static ReadOnlyMemory<byte> From(long offset, int bytes) => _bytes.AsMemory((int)(offset % Period), bytes);

    public static bool Fits(long offset, ReadOnlySpan<byte> received) => received.SequenceEqual(From(offset, received.Length).Span);

    private static byte[] Create()
    {
        byte[] period = new byte[Period];
        new Random(Period).NextBytes(period);
        byte[] bytes = new byte[Period + StreamServer.BufferBytes];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = period[i % Period];
        }
        return bytes;
    }
}
