using System;
using System.Linq;
using Darkbloom.Node.Engines.Audio;
using Xunit;

namespace Darkbloom.Node.Tests.Engines.Audio;

public sealed class WavSourceTests
{
    [Theory]
    [InlineData(1, 8, new byte[] { 128, 255, 0 }, new[] { 0f, 127 / 128f, -1f })]
    [InlineData(1, 16, new byte[] { 0, 0, 0, 64, 0, 128 }, new[] { 0f, 0.5f, -1f })]
    [InlineData(1, 24, new byte[] { 0, 0, 64, 0, 0, 128 }, new[] { 0.5f, -1f })]
    [InlineData(1, 32, new byte[] { 0, 0, 0, 64, 0, 0, 0, 128 }, new[] { 0.5f, -1f })]
    [InlineData(3, 32, new byte[] { 0, 0, 0, 63, 0, 0, 128, 191 }, new[] { 0.5f, -1f })]
    [InlineData(3, 64, new byte[] { 0, 0, 0, 0, 0, 0, 224, 63 }, new[] { 0.5f })]
    [InlineData(6, 8, new byte[] { 0xD5, 0x55, 0xAA }, new[] { 8 / 32768f, -8 / 32768f, 32256 / 32768f })]
    [InlineData(7, 8, new byte[] { 0xFF, 0x80, 0x00 }, new[] { 0f, 32124 / 32768f, -32124 / 32768f })]
    public void Every_encoding_is_read(ushort encoding, ushort bits, byte[] data, float[] samples)
    {
        byte[] file = new WavBytes { Encoding = encoding, Bits = bits }.Build(data);
        using WavSource source = new(file);
        float[] read = new float[samples.Length + 1];
        Assert.Equal(samples.Length, source.Read(read));
        Assert.Equal(samples, read[..^1]);
        Assert.Equal(0, source.Read(read));
    }

    [Fact]
    public void Chunks_that_are_not_sound_are_passed_over()
    {
        byte[] odd = [.. "LIST"u8, 3, 0, 0, 0, 1, 2, 3, 0];
        using WavSource source = new(new WavBytes { Extra = odd }.Build(0, 64));
        float[] read = new float[4];
        Assert.Equal((1, 0.5f), (source.Read(read), read[0]));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(uint.MaxValue)]
    [InlineData(100u)]
    public void Sound_whose_size_is_unknown_or_untrue_goes_on_to_the_end(uint size)
    {
        using WavSource source = new(new WavBytes { DataSize = size }.Build(0, 64, 0, 64));
        Assert.Equal(2, source.Read(new float[4]));
    }

    [Theory]
    [InlineData(2, 16)]
    [InlineData(1, 12)]
    [InlineData(3, 16)]
    [InlineData(85, 0)]
    public void An_unknown_encoding_is_named(ushort encoding, ushort bits)
    {
        InvalidAudioException refused = Assert.Throws<InvalidAudioException>(
            () => new WavSource(new WavBytes { Encoding = encoding, Bits = bits }.Build(1, 2)));
        Assert.Contains($"encoding {encoding} with {bits} bits", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_channels_are_heard_as_their_mean()
    {
        byte[] data = [.. BitConverter.GetBytes((short)1000), .. BitConverter.GetBytes((short)3000)];
        Recording recording = Decode.Whole(new WavBytes { Channels = 2 }.Build(data));
        float[] sample = new float[1];
        recording.Read(0, sample);
        Assert.Equal((1, 2000 / 32768f), (recording.Samples, sample.Single()));
    }
}
