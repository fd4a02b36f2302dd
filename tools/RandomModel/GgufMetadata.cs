using System;
using System.IO;
using System.Text;

namespace Darkbloom.RandomModel;

/// <summary>The key-value part of a GGUF header.</summary>
internal sealed class GgufMetadata : IDisposable
{
    private const uint UInt32Type = 4;
    private const uint Int32Type = 5;
    private const uint Float32Type = 6;
    private const uint TextType = 8;
    private const uint ArrayType = 9;

    private readonly MemoryStream _bytes = new();
    private readonly BinaryWriter _writer;

    public GgufMetadata()
    {
        _writer = new BinaryWriter(_bytes);
    }

    public int Count { get; private set; }

    public ReadOnlySpan<byte> Bytes => _bytes.GetBuffer().AsSpan(0, (int)_bytes.Length);

    public void Dispose()
    {
        _writer.Dispose();
        _bytes.Dispose();
    }

    public static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    public void Add(string key, string value)
    {
        Begin(key, TextType);
        WriteText(_writer, value);
    }

    public void Add(string key, uint value)
    {
        Begin(key, UInt32Type);
        _writer.Write(value);
    }

    public void Add(string key, float value)
    {
        Begin(key, Float32Type);
        _writer.Write(value);
    }

    public void Add(string key, string[] values)
    {
        BeginArray(key, TextType, values.Length);
        foreach (string value in values)
        {
            WriteText(_writer, value);
        }
    }

    public void Add(string key, int[] values)
    {
        BeginArray(key, Int32Type, values.Length);
        foreach (int value in values)
        {
            _writer.Write(value);
        }
    }

    public void Add(string key, float[] values)
    {
        BeginArray(key, Float32Type, values.Length);
        foreach (float value in values)
        {
            _writer.Write(value);
        }
    }

    private void BeginArray(string key, uint type, int count)
    {
        Begin(key, ArrayType);
        _writer.Write(type);
        _writer.Write((ulong)count);
    }

    private void Begin(string key, uint type)
    {
        Count++;
        WriteText(_writer, key);
        _writer.Write(type);
    }
}
