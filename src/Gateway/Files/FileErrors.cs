using Darkbloom.Gateway.OpenAi;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.Files;

/// <summary>What is said about files that can't be stored or found.</summary>
internal static class FileErrors
{
    public static ApiError TooLarge() => new(
        StatusCodes.Status413PayloadTooLarge,
        $"The file is larger than {FileUpload.FileBytesMax / (1024 * 1024)} MiB.",
        ApiError.InvalidRequestType,
        "file",
        "file_too_large");

    public static ApiError NoRoom() => ApiError.Invalid(
        $"There is no room for the file: a key has {FileStore.FilesPerKeyMax} files and {FileStore.BytesPerKeyMax / (1024 * 1024)} MiB at most, and this gateway {FileStore.BytesMax / (1024 * 1024)} MiB. Delete files that aren't needed any more.",
        "file",
        "storage_limit_exceeded");

    public static ApiError NotFound(string id) =>
        new(StatusCodes.Status404NotFound, $"No such File object: {ApiError.Echo(id)}", ApiError.InvalidRequestType, "id", null) { HasDetail = true };
}
