using System.Collections.Generic;
using System.IO;
using Darkbloom.Node.Engines.Audio;
using Xunit;

namespace Darkbloom.Node.Tests.Engines.Audio;

public sealed class VorbisSetupTests
{
    [Fact]
    public void Books_of_an_encoder_pass() =>
        VorbisSetup.Check(new OggPackets(File.ReadAllBytes(Recordings.PathOf("seven-eight-nine-vorbis.ogg"))));

    [Theory]
    [InlineData(VorbisSetup.EntriesMax - 1, true)]
    [InlineData(VorbisSetup.EntriesMax, true)]
    [InlineData(VorbisSetup.EntriesMax + 1, false)]
    public void Books_have_a_largest_size(long entries, bool passes)
    {
        OggPackets packets = new(Ogg(Setup((int)entries)));
        if (passes)
        {
            VorbisSetup.Check(packets);
        }
        else
        {
            Assert.Throws<InvalidAudioException>(() => VorbisSetup.Check(packets));
        }
    }

    /// <summary>One ordered book without vectors, whose entries all have the same length.</summary>
    private static byte[] Setup(int entries)
    {
        List<bool> bits = [];
        Add(bits, 0, 8);
        Add(bits, 0x564342, 24);
        Add(bits, 1, 16);
        Add(bits, entries, 24);
        Add(bits, 1, 1);
        Add(bits, 21, 5);
        Add(bits, entries, 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)entries));
        Add(bits, 0, 4);
        byte[] bytes = new byte[7 + ((bits.Count + 7) / 8)];
        bytes[0] = 5;
        for (int bit = 0; bit < bits.Count; bit++)
        {
            bytes[7 + (bit / 8)] |= (byte)((bits[bit] ? 1 : 0) << (bit % 8));
        }

        return bytes;
    }

    private static void Add(List<bool> bits, int value, int count)
    {
        for (int bit = 0; bit < count; bit++)
        {
            bits.Add(((value >> bit) & 1) != 0);
        }
    }

    /// <summary>A page of three packets: two empty headers, and the setup.</summary>
    private static byte[] Ogg(byte[] setup)
    {
        byte[] page = new byte[27];
        "OggS"u8.CopyTo(page);
        page[26] = 3;
        return [.. page, 1, 1, (byte)setup.Length, 0, 0, .. setup];
    }
}
