namespace Darkbloom.Cli.Chats;

/// <summary>One turn of a conversation.</summary>
internal sealed record ChatMessage(string Role, string Content);
