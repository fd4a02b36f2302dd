namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>How an answer streams.</summary>
/// <param name="IncludeUsage">The stream ends with an event that counts tokens.</param>
/// <param name="IncludeObfuscation">Events are padded, so that their sizes on the wire say less about their text.</param>
internal sealed record StreamOptions(bool IncludeUsage, bool IncludeObfuscation);
