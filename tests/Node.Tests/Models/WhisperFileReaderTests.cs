using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Darkbloom.Node.Models;
using Darkbloom.Node.Tests.Engines;
using Xunit;

namespace Darkbloom.Node.Tests.Models;

public sealed class WhisperFileReaderTests
{
    private const int VocabularyPlace = 1;
    private const int LayersPlace = 9;
    private const int TokensPlace = 14 + (80 * 201);

    [Fact]
    public void The_built_in_model_is_read()
    {
        WhisperFile file = WhisperFileReader.ReadFile(SpeechFixture.ModelPath);
        Assert.Equal((51_864, 2, 3, 32), (file.VocabularySize, file.AudioLayers, file.TextLayers, file.TextTokens));
    }

    [Fact]
    public void What_is_written_is_read()
    {
        Assert.True(TryRead(Small(), out WhisperFile? file, out _));
        Assert.Equal(new WhisperFile(51_864, 2, 3, 448, 6), file);
    }

    [Fact]
    public void A_file_cut_at_any_byte_is_a_fault()
    {
        byte[] bytes = Small();
        for (int length = 0; length < bytes.Length; length++)
        {
            // A file that ends behind its vocabulary has no tensors, which whisper.cpp is the one to judge.
            bool isAtTensors = length == bytes.Length - TensorBytes;
            Assert.True(isAtTensors == TryRead(bytes[..length], out _, out string fault), $"{length} bytes: {fault}");
        }
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Random random = new(1);
        byte[] good = Small();
        int header = 14 * sizeof(int);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = [.. good];
            for (int change = random.Next(1, 6); change > 0; change--)
            {
                int place = random.Next(2) == 0 ? random.Next(header) : random.Next(TokensPlace * sizeof(int), bytes.Length);
                bytes[place] = (byte)random.Next(256);
            }

            bool isRead = TryRead(bytes, out WhisperFile? file, out string fault);
            Assert.Equal(isRead, file is not null);
            Assert.Equal(isRead, fault.Length == 0);
        }
    }

    [Theory]
    [InlineData(VocabularyPlace, WhisperFileReader.VocabularyMin, true)]
    [InlineData(VocabularyPlace, WhisperFileReader.VocabularyMin - 1, false)]
    [InlineData(VocabularyPlace, WhisperFileReader.VocabularyMax, true)]
    [InlineData(VocabularyPlace, WhisperFileReader.VocabularyMax + 1, false)]
    [InlineData(LayersPlace, WhisperFileReader.LayersMax, true)]
    [InlineData(LayersPlace, WhisperFileReader.LayersMax + 1, false)]
    [InlineData(LayersPlace, 0, false)]
    [InlineData(LayersPlace, -1, false)]
    public void Numbers_have_limits(int place, int value, bool isRead)
    {
        byte[] bytes = Small();
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(place * sizeof(int)), value);
        Assert.Equal(isRead, TryRead(bytes, out _, out _));
    }

    private static int TensorBytes => Tensor().Length;

    private static bool TryRead(byte[] bytes, out WhisperFile? file, out string fault) =>
        WhisperFileReader.TryRead(new MemoryStream(bytes), out file, out fault);

    /// <summary>The smallest file: filters, two tokens, one tensor.</summary>
    private static byte[] Small()
    {
        List<byte> bytes = [];
        Add(bytes, unchecked((int)WhisperFileReader.Magic), 51_864, 1500, 64, 2, 2, 448, 64, 2, 3, 80, 1, 80, 201);
        bytes.AddRange(new byte[80 * 201 * sizeof(float)]);
        Add(bytes, 2);
        Add(bytes, 1);
        bytes.Add((byte)'a');
        Add(bytes, 0);
        return [.. bytes, .. Tensor()];
    }

    private static byte[] Tensor()
    {
        List<byte> bytes = [];
        Add(bytes, 2, 4, 1, 2, 3);
        bytes.AddRange(Encoding.ASCII.GetBytes("name"));
        bytes.AddRange(new byte[12]);
        return [.. bytes];
    }

    private static void Add(List<byte> bytes, params int[] numbers)
    {
        foreach (int number in numbers)
        {
            bytes.AddRange(BitConverter.GetBytes(number));
        }
    }
}
