using System;
using System.Numerics;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>Looks through a Vorbis stream's code books before the decoder does, which allocates whatever they announce.</summary>
/// <remarks>
/// A code book of 16,777,216 entries can be announced in a few bytes, and 256 of them in a small file: tens of gigabytes.
/// Vorbis I specification, sections 3.2.1 and 4.2.
/// </remarks>
internal static class VorbisSetup
{
    /// <summary>Entries, and values of vectors, of all books together: encoders stay far below a hundredth of it.</summary>
    public const long EntriesMax = 4_000_000;

    private const string Name = "Vorbis";
    private const int PacketHeaderBytes = 7;
    private const byte SetupType = 5;
    private const uint BookSync = 0x564342;

    /// <exception cref="InvalidAudioException">The headers are none, or announce too much.</exception>
    public static void Check(OggPackets packets)
    {
        ArgumentNullException.ThrowIfNull(packets);
        _ = packets.Next();
        _ = packets.Next();
        byte[] setup = packets.Next() ?? throw InvalidAudioException.Truncated(Name);
        if (setup.Length <= PacketHeaderBytes || setup[0] != SetupType)
        {
            throw InvalidAudioException.Truncated(Name);
        }

        LowBits bits = new(setup.AsSpan(PacketHeaderBytes));
        int books = (int)bits.Read(8) + 1;
        long total = 0;
        for (int book = 0; book < books && !bits.HasEnded; book++)
        {
            total += SkipBook(ref bits);
            if (total > EntriesMax)
            {
                throw new InvalidAudioException("the Vorbis file announces more code words than any encoder writes");
            }
        }
    }

    private static long SkipBook(ref LowBits bits)
    {
        if (bits.Read(24) != BookSync)
        {
            throw InvalidAudioException.Truncated(Name);
        }

        int dimensions = (int)bits.Read(16);
        int entries = (int)bits.Read(24);
        if (entries > EntriesMax)
        {
            return entries;
        }

        SkipLengths(ref bits, entries);
        uint lookup = bits.Read(4);
        if (lookup == 0)
        {
            return entries;
        }

        bits.Skip(32 + 32);
        int valueBits = (int)bits.Read(4) + 1;
        bits.Skip(1);
        long values = lookup == 1 ? Lookup1Values(entries, dimensions) : (long)entries * dimensions;
        bits.Skip(values * valueBits);
        return entries + ((long)entries * dimensions);
    }

    private static void SkipLengths(ref LowBits bits, int entries)
    {
        bool isOrdered = bits.Read(1) == 1;
        if (isOrdered)
        {
            bits.Skip(5);
            for (int entry = 0; entry < entries && !bits.HasEnded;)
            {
                int left = entries - entry;
                entry += (int)bits.Read(32 - BitOperations.LeadingZeroCount((uint)left));
            }

            return;
        }

        bool isSparse = bits.Read(1) == 1;
        for (int entry = 0; entry < entries && !bits.HasEnded; entry++)
        {
            if (!isSparse || bits.Read(1) == 1)
            {
                bits.Skip(5);
            }
        }
    }

    /// <summary>The largest number whose power by the dimensions isn't above the entries.</summary>
    private static long Lookup1Values(int entries, int dimensions)
    {
        if (dimensions == 0)
        {
            return 0;
        }

        long root = (long)Math.Floor(Math.Pow(entries, 1.0 / dimensions));
        while (BigInteger.Pow(root + 1, dimensions) <= entries)
        {
            root++;
        }

        while (root > 0 && BigInteger.Pow(root, dimensions) > entries)
        {
            root--;
        }

        return root;
    }

    /// <summary>Reads bits, the lowest of a byte first; behind the end there are zeros.</summary>
    private ref struct LowBits(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private long _position;

        public readonly bool HasEnded => _position >= _bytes.Length * 8L;

        public void Skip(long count) => _position += count;

        public uint Read(int count)
        {
            uint value = 0;
            for (int bit = 0; bit < count && !HasEnded; bit++)
            {
                value |= (uint)((_bytes[(int)(_position / 8)] >> (int)(_position % 8)) & 1) << bit;
                _position++;
            }

            return value;
        }
    }
}
