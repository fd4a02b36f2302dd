using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Anthropic;

/// <summary>A request for a message that was found good.</summary>
internal sealed record MessagesRequest(GenerateRequest Generate, bool IsStreamed);
