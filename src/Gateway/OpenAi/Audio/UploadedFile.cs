using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>A file of a form, whole in memory and nowhere else; disposing it wipes it.</summary>
internal sealed class UploadedFile(UploadBudget budget, int bytesMax) : IFormFile, IDisposable
{
    private const int FirstBytes = 64 * 1024;

    private byte[] _bytes = [];
    private int _length;

    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>Reads to the end of the stream; returns what is wrong, or null.</summary>
    public async ValueTask<ApiError?> ReadAsync(string name, Stream body, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_length == _bytes.Length && Grow() is { } error)
            {
                return error;
            }

            int count = await body.ReadAsync(_bytes.AsMemory(_length), cancellationToken);
            if (count == 0)
            {
                return null;
            }

            _length += count;
            if (_length > bytesMax)
            {
                return AudioErrors.TooLarge();
            }
        }
    }

    public void Dispose()
    {
        Array.Clear(_bytes);
        budget.GiveBack(_bytes.Length);
        (_bytes, _length) = ([], 0);
    }

    /// <summary>Room for one byte more than may come: that is how too much is noticed.</summary>
    private ApiError? Grow()
    {
        int size = (int)Math.Min(Math.Max(FirstBytes, _bytes.Length * 2L), bytesMax + 1L);
        if (!budget.TryTake(size))
        {
            return ApiError.Overloaded();
        }

        byte[] larger = new byte[size];
        _bytes.CopyTo(larger, 0);
        Array.Clear(_bytes);
        budget.GiveBack(_bytes.Length);
        _bytes = larger;
        return null;
    }
}
