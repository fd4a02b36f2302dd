using System;
using System.IO;
using System.Linq;
using System.Threading;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Node.Engines.Audio;
using Xunit;

namespace Darkbloom.Node.Tests.Engines.Audio;

public sealed class RecordingTests
{
    private const string Phrase = "seven-eight-nine";

    /// <summary>Delays of codecs: a tenth of a second at most.</summary>
    private const int ShiftMax = Recording.SampleRate / 10;

    /// <summary>Where the phrase is loud.</summary>
    private const int From = 8_000;

    private const int To = 14_000;

    private static readonly string[] Lossless = [".flac", "-24bit.flac", "-stereo-48k.flac"];

    public static TheoryData<string> Formats => [".mp3", ".flac", "-24bit.flac", "-stereo-48k.flac", "-vorbis.ogg", "-opus.ogg"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Every_format_holds_the_same_sound(string ending)
    {
        float[] original = Decode.Samples(File.ReadAllBytes(Recordings.SevenEightNine));
        float[] decoded = Decode.Samples(Read(ending));
        double least = Lossless.Contains(ending) ? 0.99 : 0.9;
        Assert.InRange(decoded.Length, original.Length - ShiftMax, original.Length + (4 * ShiftMax));
        Assert.InRange(Likeness(original, decoded), least, 1.0001);
    }

    [Fact]
    public void Flac_is_read_to_the_last_bit() =>
        Assert.Equal(Decode.Samples(File.ReadAllBytes(Recordings.SevenEightNine)), Decode.Samples(Read(".flac")));

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_file_that_was_cut_or_mangled_is_refused_or_shorter(string ending)
    {
        byte[] file = Read(ending);
        Random random = new(1);
        for (int round = 0; round < 60; round++)
        {
            byte[] bytes = round < 30 ? file[..random.Next(file.Length)] : [.. file];
            for (int change = round < 30 ? 0 : random.Next(1, 40); change > 0; change--)
            {
                bytes[random.Next(random.Next(2) == 0 ? Math.Min(300, bytes.Length) : bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                Assert.InRange(Decode.Whole(bytes).Samples, 1, Recording.SamplesMax);
            }
            catch (InvalidAudioException)
            {
                // Refused.
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("text that is no sound")]
    [InlineData("RIFF")]
    [InlineData("RIFF\0\0\0\0WAVE")]
    [InlineData("fLaC")]
    [InlineData("OggS")]
    [InlineData("ID3")]
    public void What_is_no_sound_is_refused(string text)
    {
        byte[] bytes = [.. text.Select(static character => (byte)character)];
        Assert.Throws<InvalidAudioException>(() => Decode.Whole(bytes));
    }

    [Fact]
    public void What_is_supported_is_named()
    {
        InvalidAudioException refused = Assert.Throws<InvalidAudioException>(() => Decode.Whole([1, 2, 3, 4]));
        Assert.Contains(AudioFile.SupportedFormats, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_recording_has_a_longest_time(int more, bool isHeard)
    {
        const int Minute = 60 * Recording.SampleRate;
        byte[] file = WavBytes.Silence(Minute + more);
        if (isHeard)
        {
            Assert.Equal(Minute + more, Recording.Decode(file, Minute, static () => { }, CancellationToken.None).Samples);
        }
        else
        {
            InvalidAudioException refused = Assert.Throws<InvalidAudioException>(
                () => Recording.Decode(file, Minute, static () => { }, CancellationToken.None));
            Assert.Contains("longer than 1 minutes", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(InferenceLimits.AudioSecondsMax * (long)Recording.SampleRate, Recording.SamplesMax);
    }

    [Theory]
    [InlineData(0, 16_000)]
    [InlineData(AudioFile.ChannelsMax + 1, 16_000)]
    [InlineData(1, AudioFile.SampleRateMin - 1)]
    [InlineData(1, AudioFile.SampleRateMax + 1)]
    public void Impossible_channels_and_rates_are_refused(ushort channels, uint rate) =>
        Assert.Throws<InvalidAudioException>(() => Decode.Whole(new WavBytes { Channels = channels, SampleRate = rate }.Build(new byte[64])));

    [Theory]
    [InlineData(8_000)]
    [InlineData(11_025)]
    [InlineData(44_100)]
    [InlineData(48_000)]
    [InlineData(192_000)]
    public void Other_rates_keep_length_and_pitch(int rate)
    {
        const double Hertz = 440;
        short[] tone = [.. Enumerable.Range(0, rate).Select(i => (short)(16_000 * Math.Sin(2 * Math.PI * Hertz * i / rate)))];
        byte[] data = new byte[tone.Length * 2];
        Buffer.BlockCopy(tone, 0, data, 0, data.Length);
        float[] samples = Decode.Samples(new WavBytes { SampleRate = (uint)rate }.Build(data));
        Assert.InRange(samples.Length, Recording.SampleRate - 200, Recording.SampleRate + 200);
        int crossings = Enumerable.Range(1, samples.Length - 1).Count(i => samples[i - 1] < 0 && samples[i] >= 0);
        Assert.InRange(crossings, Hertz - 4, Hertz + 4);
    }

    [Fact]
    public void Decoding_ends_when_it_is_cancelled()
    {
        using CancellationTokenSource cancel = new();
        Assert.ThrowsAny<OperationCanceledException>(() => Recording.Decode(WavBytes.Silence(1_000_000), cancel.Cancel, cancel.Token));
    }

    private static byte[] Read(string ending) => File.ReadAllBytes(Recordings.PathOf(Phrase + ending));

    /// <summary>The largest correlation over small shifts.</summary>
    private static double Likeness(float[] original, float[] decoded)
    {
        double best = 0;
        for (int shift = -ShiftMax; shift <= ShiftMax; shift++)
        {
            double product = 0, first = 0, second = 0;
            for (int i = From; i < To; i++)
            {
                product += original[i] * decoded[i + shift];
                first += original[i] * original[i];
                second += decoded[i + shift] * decoded[i + shift];
            }

            best = Math.Max(best, product / Math.Sqrt((first * second) + 1e-9));
        }

        return best;
    }
}
