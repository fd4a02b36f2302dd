using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Text;
using Darkbloom.Cli.Settings;
using Darkbloom.Simulations.Traces;

namespace Darkbloom.Cli.Simulating;

/// <summary>Reads a recorded workload from a file, packed by gzip or not, a line at a time however long the file is.</summary>
internal static class TraceFile
{
    /// <summary>A longer line is none of a trace.</summary>
    public const int LineCharsMax = 1024 * 1024;

    /// <summary>At which requests come that were recorded without times.</summary>
    public const double RequestsPerSecond = 1;

    private const int BufferBytes = 64 * 1024;
    private const int GzipFirst = 0x1f;
    private const int GzipSecond = 0x8b;

    /// <exception cref="SettingException">The file can't be read, or isn't what it should be.</exception>
    public static FleetTrace Load(string path, double requestsPerSecond)
    {
        try
        {
            return FleetTrace.Read(Lines(path), requestsPerSecond);
        }
        catch (FormatException e)
        {
            throw new SettingException($"{path}: {e.Message}");
        }
    }

    /// <exception cref="FormatException">A line is too long, or the packed file is cut short.</exception>
    public static IEnumerable<string> Lines(string path)
    {
        if (!File.Exists(path))
        {
            throw new SettingException($"There is no file {path}.");
        }

        using Stream stream = Open(path);
        using StreamReader reader = new(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, BufferBytes);
        StringBuilder line = new();
        char[] buffer = new char[BufferBytes];
        int number = 1;
        for (int read; (read = Read(reader, buffer, number)) > 0;)
        {
            int from = 0;
            for (int end; (end = Array.IndexOf(buffer, '\n', from, read - from)) >= 0; from = end + 1)
            {
                yield return Take(line.Append(buffer, from, end - from));
                number++;
            }

            if (line.Append(buffer, from, read - from).Length > LineCharsMax)
            {
                throw new FormatException($"line {number}: longer than {LineCharsMax} characters; this is no trace.");
            }
        }

        if (line.Length > 0)
        {
            yield return Take(line);
        }
    }

    private static string Take(StringBuilder line)
    {
        string text = line.ToString().TrimEnd('\r');
        _ = line.Clear();
        return text;
    }

    private static int Read(StreamReader reader, char[] buffer, int number)
    {
        try
        {
            return reader.Read(buffer, 0, buffer.Length);
        }
        catch (InvalidDataException e)
        {
            throw new FormatException($"line {number}: the packed file is damaged or cut short here ({e.Message})", e);
        }
    }

    private static Stream Open(string path)
    {
        FileStream file = File.OpenRead(path);
        bool packed = file.ReadByte() == GzipFirst && file.ReadByte() == GzipSecond;
        file.Position = 0;
        return packed ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}
