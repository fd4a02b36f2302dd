using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>Takes the file of a form as it comes.</summary>
internal interface IFormFile
{
    /// <summary>Reads to the end of the stream; returns what is wrong, or null.</summary>
    /// <param name="name">As the client calls the file; empty when it doesn't.</param>
    ValueTask<ApiError?> ReadAsync(string name, Stream body, CancellationToken cancellationToken);
}
