using System.Text;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi.Requests;

internal static class Parsing
{
    public const ulong Seed = 42;

    public static ApiError? Parse(string body, out ChatRequest? request) => Parse(Encoding.UTF8.GetBytes(body), out request);

    public static ApiError? Parse(byte[] body, out ChatRequest? request) =>
        ChatRequestParser.Parse(body, new RequestEntropy(new byte[16], Seed), out request);

    public static ChatRequest Accept(string body)
    {
        ApiError? error = Parse(body, out ChatRequest? request);
        Assert.Null(error);
        return request!;
    }

    public static ApiError Reject(string body)
    {
        ApiError? error = Parse(body, out ChatRequest? request);
        Assert.Null(request);
        return Assert.IsType<ApiError>(error);
    }
}
