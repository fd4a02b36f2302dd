using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Checks that a request fits one message of the mesh.</summary>
internal static class RequestSize
{
    /// <param name="param">The field that makes it large.</param>
    public static ApiError? Check(GenerateRequest request, string param) =>
        request.CalculateSize() > HttpLimits.GenerateBytesMax
            ? new ApiError(
                413, $"The request is too large for one message of the mesh. Shorten its '{param}'.", ApiError.InvalidRequestType, param, "request_too_large")
            : null;
}
