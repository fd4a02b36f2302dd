using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Datagrams that can leave in one system call: to one target, of one size, of which only the last may be shorter.</summary>
/// <remarks>A datagram that is three bytes shorter than the others ends the run: a sender fills its datagrams to the same size.</remarks>
internal sealed class SendRun
{
    /// <summary>What UDP carries over IPv6 and IPv4 alike, less the longest header.</summary>
    public const int BytesMax = 65_535 - 48;

    /// <summary>What every kernel that segments takes (UDP_MAX_SEGMENTS before Linux 6.9).</summary>
    public const int DatagramsMax = 64;

    private readonly byte[] _arena = GC.AllocateUninitializedArray<byte>(BytesMax, pinned: true);
    private int _length;
    private bool _isComplete;

    public int Count { get; private set; }

    public PathAddress Target { get; private set; }

    /// <summary>The size of every datagram but the last.</summary>
    public int DatagramBytes { get; private set; }

    public ReadOnlySpan<byte> Bytes => _arena.AsSpan(0, _length);

    public ReadOnlySpan<byte> this[int index] =>
        Bytes.Slice(index * DatagramBytes, Math.Min(DatagramBytes, _length - (index * DatagramBytes)));

    /// <summary>False when the datagram has to wait for the next run.</summary>
    public bool TryAdd(ReadOnlySpan<byte> datagram, PathAddress target)
    {
        if (Count == 0)
        {
            Target = target;
            DatagramBytes = datagram.Length;
        }
        else if (_isComplete || Count == DatagramsMax || datagram.IsEmpty || datagram.Length > DatagramBytes || target != Target)
        {
            return false;
        }
        if (_length + datagram.Length > BytesMax)
        {
            return false;
        }
        datagram.CopyTo(_arena.AsSpan(_length));
        _length += datagram.Length;
        _isComplete = datagram.Length < DatagramBytes || datagram.IsEmpty;
        Count++;
        return true;
    }

    public void Clear()
    {
        _length = 0;
        _isComplete = false;
        Count = 0;
    }
}
