using System;
using System.Globalization;
using System.IO;

namespace Darkbloom.Cli.Consoles;

/// <summary>Shows how much of a file has been read, in one line that replaces itself.</summary>
internal sealed class FileProgress(string name, long bytesTotal, TextWriter writer) : IProgress<long>
{
    private const string EraseLine = "\r\u001b[K";

    private long _percentShown = -1;

    public void Report(long value)
    {
        long percent = value * 100 / bytesTotal;
        if (percent != _percentShown)
        {
            _percentShown = percent;
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{EraseLine}{name}: {percent} %"));
            if (percent >= 100)
            {
                writer.Write(EraseLine);
            }
        }
    }
}
