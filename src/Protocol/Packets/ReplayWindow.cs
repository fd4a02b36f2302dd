using System;
using System.Diagnostics;

namespace Darkbloom.Protocol.Packets;

/// <summary>Which of the last 16,384 packet numbers arrived already; everything older counts as arrived.</summary>
/// <remarks>
/// Ask <see cref="IsFresh"/> before opening a packet, call <see cref="Mark"/> only after its tag proved right.
/// </remarks>
public sealed class ReplayWindow
{
    public const int Packets = 16_384;
    private const int BitsPerWord = 64;
    private const int Words = Packets / BitsPerWord;

    private readonly ulong[] _words = new ulong[Words];
    private ulong _end;

    /// <summary>One more than the largest marked packet number; 0 before the first.</summary>
    public ulong ExpectedPacketNumber => _end;

    public bool IsFresh(ulong packetNumber)
    {
        if (packetNumber >= _end)
        {
            return packetNumber <= WireLimits.PacketNumberMax;
        }

        return _end - packetNumber <= Packets && (_words[WordOf(packetNumber)] & BitOf(packetNumber)) == 0;
    }

    /// <summary>Records a packet that <see cref="IsFresh"/> let pass.</summary>
    public void Mark(ulong packetNumber)
    {
        Debug.Assert(IsFresh(packetNumber), "a packet is marked once");
        if (packetNumber >= _end)
        {
            SlideTo(packetNumber);
            _end = packetNumber + 1;
        }

        _words[WordOf(packetNumber)] |= BitOf(packetNumber);
    }

    /// <summary>
    /// Clears the bits of every number from the old end to the new largest one, a word at a time where it can.
    /// </summary>
    private void SlideTo(ulong packetNumber)
    {
        if (packetNumber - _end >= Packets)
        {
            Array.Clear(_words);
            return;
        }

        ulong next = _end;
        while (next <= packetNumber)
        {
            if (next % BitsPerWord == 0 && packetNumber - next >= BitsPerWord)
            {
                _words[WordOf(next)] = 0;
                next += BitsPerWord;
            }
            else
            {
                _words[WordOf(next)] &= ~BitOf(next);
                next++;
            }
        }
    }

    private static int WordOf(ulong packetNumber) => (int)(packetNumber / BitsPerWord % Words);

    private static ulong BitOf(ulong packetNumber) => 1UL << (int)(packetNumber % BitsPerWord);
}
