using Darkbloom.Gateway.OpenAi;

namespace Darkbloom.Gateway.Responses;

/// <summary>The names that a response's fields have, where an error knows those of a chat.</summary>
internal static class ResponseParams
{
    private static readonly (string Chat, string Response)[] Names =
        [("messages", "input"), ("response_format", "text.format"), ("reasoning_effort", "reasoning.effort")];

    public static ApiError Rename(ApiError error)
    {
        foreach ((string chat, string response) in Names)
        {
            if (error.Param == chat)
            {
                return error with { Param = response };
            }
        }

        return error;
    }
}
