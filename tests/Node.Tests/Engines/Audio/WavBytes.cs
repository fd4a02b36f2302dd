using System;
using System.Collections.Generic;

namespace Darkbloom.Node.Tests.Engines.Audio;

/// <summary>Writes WAV files, also such that no recorder would.</summary>
internal sealed class WavBytes
{
    public ushort Encoding { get; init; } = 1;

    public ushort Channels { get; init; } = 1;

    public uint SampleRate { get; init; } = 16_000;

    public ushort Bits { get; init; } = 16;

    public uint? DataSize { get; init; }

    public byte[] Extra { get; init; } = [];

    public byte[] Build(params byte[] data)
    {
        List<byte> bytes = [];
        bytes.AddRange("RIFF\0\0\0\0WAVE"u8);
        bytes.AddRange(Extra);
        bytes.AddRange("fmt "u8);
        bytes.AddRange(BitConverter.GetBytes(16u));
        bytes.AddRange(BitConverter.GetBytes(Encoding));
        bytes.AddRange(BitConverter.GetBytes(Channels));
        bytes.AddRange(BitConverter.GetBytes(SampleRate));
        bytes.AddRange(BitConverter.GetBytes(SampleRate * Channels * Bits / 8));
        bytes.AddRange(BitConverter.GetBytes((ushort)(Channels * Bits / 8)));
        bytes.AddRange(BitConverter.GetBytes(Bits));
        bytes.AddRange("data"u8);
        bytes.AddRange(BitConverter.GetBytes(DataSize ?? (uint)data.Length));
        bytes.AddRange(data);
        return [.. bytes];
    }

    /// <summary>A file of silence.</summary>
    public static byte[] Silence(int samples) => new WavBytes().Build(new byte[samples * 2]);
}
