using System.IO;
using System.Text.Json;

namespace Darkbloom.Cli.Chats;

/// <summary>The gateway did not answer; the message says why in words for a person.</summary>
internal sealed class ChatException(string message) : IOException(message)
{
    /// <summary>The message of an OpenAI error object, if it has one.</summary>
    public static new string? Message(JsonElement error) => error.ValueKind switch
    {
        JsonValueKind.String => error.GetString(),
        JsonValueKind.Object when error.TryGetProperty("message", out JsonElement message) && message.ValueKind == JsonValueKind.String =>
            message.GetString(),
        _ => null,
    };
}
