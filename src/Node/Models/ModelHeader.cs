using System;
using System.IO;

namespace Darkbloom.Node.Models;

/// <summary>Opens files of models whose headers are about to be read.</summary>
internal static class ModelHeader
{
    private const int BufferBytes = 1 << 16;

    /// <summary>Reads a header; false, and why, when there is none that can be used.</summary>
    public delegate bool Reader<T>(Stream stream, out T? header, out string fault);

    /// <exception cref="InvalidModelException">The file is missing or no usable model; the message names both.</exception>
    public static T Read<T>(string path, Reader<T> reader)
        where T : class
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes);
            return reader(stream, out T? header, out string fault) ? header! : throw new InvalidModelException($"{path}: {fault}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidModelException($"{path}: cannot be read: {exception.Message}", exception);
        }
    }
}
