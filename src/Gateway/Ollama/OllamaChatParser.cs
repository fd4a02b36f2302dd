using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Reads the body of <c>POST /api/chat</c>.</summary>
internal sealed class OllamaChatParser(RequestEntropy entropy) : OllamaRequestParser(entropy)
{
    private JsonElement? _messages;

    protected override string LargeParam => "messages";

    protected override ApiError? ReadOwn(string name, JsonElement value)
    {
        switch (name)
        {
            case "messages":
                _messages = value;
                return null;
            case "tools":
                ApiError? error = ToolParser.ParseTools(value, out ToolSet tools);
                Generate.ToolsJson = tools.Json;
                return error;
            default:
                return ApiError.Unknown(name);
        }
    }

    protected override ApiError? CheckWhole(out bool isLoad)
    {
        isLoad = _messages is not { } messages || (messages.ValueKind == JsonValueKind.Array && messages.GetArrayLength() == 0);
        if (isLoad)
        {
            return null;
        }

        Conversation conversation = new(Generate.Messages);
        ApiError? error = new OllamaMessages(conversation).Read(_messages!.Value);
        conversation.EndCalls();
        return error;
    }
}
