using System;
using System.Text.Json;

namespace Darkbloom.Cli.Chats;

/// <summary>What one event of a streamed answer adds.</summary>
internal sealed record ChatPiece(string Text, string? FinishReason, ChatUsage? Usage)
{
    /// <summary>Reads one <c>chat.completion.chunk</c>.</summary>
    /// <exception cref="ChatException">The event reports an error, or is no chunk.</exception>
    public static ChatPiece Parse(string data)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(data);
            JsonElement root = document.RootElement;
            if (root.TryGetProperty("error", out JsonElement error))
            {
                throw new ChatException(ChatException.Message(error) ?? "The gateway reported an error without a message.");
            }

            string text = "";
            string? finish = null;
            foreach (JsonElement choice in root.GetProperty("choices").EnumerateArray())
            {
                if (choice.GetProperty("delta").TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String)
                {
                    text += content.GetString();
                }

                finish ??= choice.TryGetProperty("finish_reason", out JsonElement reason) ? reason.GetString() : null;
            }

            return new ChatPiece(text, finish, Counts(root));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or System.Collections.Generic.KeyNotFoundException or FormatException)
        {
            throw new ChatException("The server sent an event that is no chat completion: is this an OpenAI endpoint?");
        }
    }

    private static ChatUsage? Counts(JsonElement root) =>
        root.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object
            ? new ChatUsage(usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32())
            : null;
}

/// <summary>Tokens read and written.</summary>
internal sealed record ChatUsage(int PromptTokens, int CompletionTokens);
