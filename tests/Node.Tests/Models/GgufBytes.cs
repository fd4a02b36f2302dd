using System;
using System.IO;
using System.Text;

namespace Darkbloom.Node.Tests.Models;

/// <summary>Writes small GGUF files.</summary>
internal sealed class GgufBytes : IDisposable
{
    private readonly MemoryStream _metadata = new();
    private readonly MemoryStream _tensors = new();
    private ulong _metadataCount;
    private ulong _tensorCount;

    public GgufBytes Text(string key, string value)
    {
        BinaryWriter writer = Entry(key, type: 8);
        WriteText(writer, value);
        return this;
    }

    public GgufBytes UInt32(string key, uint value)
    {
        Entry(key, type: 4).Write(value);
        return this;
    }

    public GgufBytes Array(string key, int[] values)
    {
        BinaryWriter writer = Entry(key, type: 9);
        writer.Write(5U);
        writer.Write((ulong)values.Length);
        foreach (int value in values)
        {
            writer.Write(value);
        }

        return this;
    }

    public GgufBytes Tensor(string name, ulong[] dimensions, uint type, ulong offset)
    {
        BinaryWriter writer = new(_tensors);
        WriteText(writer, name);
        writer.Write((uint)dimensions.Length);
        foreach (ulong dimension in dimensions)
        {
            writer.Write(dimension);
        }

        writer.Write(type);
        writer.Write(offset);
        _tensorCount++;
        return this;
    }

    public void Dispose()
    {
        _metadata.Dispose();
        _tensors.Dispose();
    }

    public byte[] Build(int weights)
    {
        using MemoryStream file = new();
        BinaryWriter writer = new(file);
        writer.Write("GGUF"u8);
        writer.Write(3U);
        writer.Write(_tensorCount);
        writer.Write(_metadataCount);
        writer.Write(_metadata.ToArray());
        writer.Write(_tensors.ToArray());
        while (_tensorCount > 0 && file.Length % 32 != 0)
        {
            writer.Write((byte)0);
        }

        writer.Write(new byte[weights]);
        return file.ToArray();
    }

    private BinaryWriter Entry(string key, uint type)
    {
        BinaryWriter writer = new(_metadata);
        WriteText(writer, key);
        writer.Write(type);
        _metadataCount++;
        return writer;
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
