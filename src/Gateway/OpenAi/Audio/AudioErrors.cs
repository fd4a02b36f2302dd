using Darkbloom.Mesh.Dispatch;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>What is said about forms that can't be read.</summary>
internal static class AudioErrors
{
    public static ApiError TooLarge() => new(
        StatusCodes.Status413PayloadTooLarge,
        $"Maximum content size limit ({InferenceLimits.AudioBytesMax} bytes) exceeded. Send a compressed format, or the recording in parts.",
        ApiError.InvalidRequestType,
        "file",
        "request_too_large");

    public static ApiError NoForm() => new(
        StatusCodes.Status415UnsupportedMediaType,
        "Unsupported Content-Type. Send 'multipart/form-data' with a boundary.",
        ApiError.InvalidRequestType,
        null,
        "unsupported_media_type");

    public static ApiError Malformed(string reason) =>
        ApiError.Invalid($"The multipart form could not be read: {reason}.", null, "invalid_multipart_form_data");
}
