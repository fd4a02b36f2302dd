using System;
using System.IO;
using Darkbloom.Node.Models;
using Darkbloom.Node.Tests.Engines;
using Xunit;

namespace Darkbloom.Node.Tests.Models;

public sealed class GgufReaderTests
{
    [Fact]
    public void The_built_in_model_is_read()
    {
        GgufFile file = GgufReader.ReadFile(EngineFixture.ModelPath);

        Assert.Equal("llama", file.Architecture);
        Assert.Equal(320, file.ContextTokens);
        Assert.Equal(894_080UL, file.Parameters);
        Assert.Equal("darkbloom-tiny", file.Metadata["general.name"]);
        Assert.Equal(new GgufArray(832), file.Metadata["tokenizer.ggml.tokens"]);
    }

    [Fact]
    public void What_is_written_is_read()
    {
        byte[] bytes = new GgufBytes()
            .Text("general.architecture", "llama")
            .UInt32("llama.context_length", 77)
            .Array("numbers", [1, 2, 3])
            .Tensor("a", [32, 2], type: 8, offset: 0)
            .Build(weights: 68);

        Assert.True(TryRead(bytes, out GgufFile? file, out _));
        Assert.Equal(77, file!.ContextTokens);
        Assert.Equal(new GgufArray(3), file.Metadata["numbers"]);
        Assert.Equal(new GgufTensor("a", 8, 64, 0, 68), Assert.Single(file.Tensors));
    }

    [Fact]
    public void A_file_cut_at_any_byte_is_a_fault()
    {
        byte[] bytes = Small().Build(weights: 68);
        Assert.True(TryRead(bytes, out _, out _));
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(TryRead(bytes[..length], out _, out string fault), $"{length} bytes were accepted");
            Assert.NotEmpty(fault);
        }
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Random random = new(1);
        byte[] good = Small().Build(weights: 68);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = [.. good];
            for (int change = random.Next(1, 6); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bool isRead = TryRead(bytes, out GgufFile? file, out string fault);
            Assert.Equal(isRead, file is not null);
            Assert.Equal(isRead, fault.Length == 0);
        }
    }

    [Theory]
    [InlineData(GgufReader.TensorsMax, 0, "truncated")]
    [InlineData(GgufReader.TensorsMax + 1, 0, "more entries")]
    [InlineData(0, GgufReader.MetadataCountMax, "truncated")]
    [InlineData(0, GgufReader.MetadataCountMax + 1, "more entries")]
    [InlineData(ulong.MaxValue, ulong.MaxValue, "more entries")]
    public void Counts_have_limits(ulong tensors, ulong metadata, string reason)
    {
        byte[] bytes = Small().Build(weights: 68);
        BitConverter.TryWriteBytes(bytes.AsSpan(8), tensors);
        BitConverter.TryWriteBytes(bytes.AsSpan(16), metadata);

        Assert.False(TryRead(bytes[..24], out _, out string fault));
        Assert.Contains(reason, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_has_a_limit_whatever_the_file_announces()
    {
        Assert.True(TryRead(With(new string('x', (int)GgufReader.StringBytesMax)), out _, out _));
        Assert.False(TryRead(With(new string('x', (int)GgufReader.StringBytesMax + 1)), out _, out string fault));
        Assert.Contains("limit", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_beyond_the_end_is_a_fault()
    {
        byte[] bytes = new GgufBytes().Text("general.architecture", "llama").Tensor("a", [32], 8, offset: 32).Build(weights: 34);

        Assert.False(TryRead(bytes, out _, out string fault));
        Assert.Contains("truncated", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_larger_than_any_number_is_a_fault()
    {
        byte[] bytes = new GgufBytes().Text("general.architecture", "llama")
            .Tensor("a", [ulong.MaxValue, ulong.MaxValue], 0, offset: 0).Build(weights: 64);

        Assert.False(TryRead(bytes, out _, out string fault));
        Assert.Contains("larger", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_architecture_is_a_fault()
    {
        Assert.False(TryRead(new GgufBytes().UInt32("x", 1).Build(weights: 0), out _, out string fault));
        Assert.Contains("architecture", fault, StringComparison.Ordinal);
    }

    private static GgufBytes Small() => new GgufBytes()
        .Text("general.architecture", "llama")
        .UInt32("llama.context_length", 77)
        .Array("numbers", [1, 2, 3])
        .Tensor("a", [32, 2], type: 8, offset: 0);

    private static byte[] With(string text) =>
        new GgufBytes().Text("general.architecture", "llama").Text("text", text).Build(weights: 0);

    private static bool TryRead(byte[] bytes, out GgufFile? file, out string fault)
    {
        using MemoryStream stream = new(bytes);
        return GgufReader.TryRead(stream, out file, out fault);
    }
}
