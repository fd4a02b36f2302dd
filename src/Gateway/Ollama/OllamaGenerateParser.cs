using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Reads the body of <c>POST /api/generate</c>.</summary>
internal sealed class OllamaGenerateParser(RequestEntropy entropy) : OllamaRequestParser(entropy)
{
    private string _prompt = "";
    private string _suffix = "";
    private string _system = "";
    private bool _isRaw;

    protected override string LargeParam => "prompt";

    protected override ApiError? ReadOwn(string name, JsonElement value) => name switch
    {
        "prompt" => Parameters.ReadString(value, name, out _prompt),
        "suffix" => Parameters.ReadString(value, name, out _suffix),
        "system" => Parameters.ReadString(value, name, out _system),
        "raw" => Parameters.ReadBoolean(value, name, out _isRaw),
        "template" => Parameters.ReadString(value, name, out string template)
            ?? (template.Length == 0 ? null : ApiError.Unsupported(name, "Apply it yourself, and send 'raw': true.")),
        "context" => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0
            ? null
            : ApiError.Unsupported(name, "Use /api/chat, and send the conversation whole."),
        "images" => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0
            ? null
            : ApiError.Unsupported(name, "The models of this mesh take text only."),
        _ => ApiError.Unknown(name),
    };

    protected override ApiError? CheckWhole(out bool isLoad)
    {
        isLoad = _prompt.Length == 0;
        if (_isRaw || _suffix.Length > 0)
        {
            Generate.Completion = new CompletionTask { Prompt = new TextInput { Text = _prompt }, Suffix = _suffix };
            return _system.Length == 0 ? null : ApiError.Unsupported("system", "A raw prompt, or one with a suffix, goes to the model as it is.");
        }

        Conversation conversation = new(Generate.Messages);
        if (_system.Length > 0)
        {
            conversation.Add("system", _system);
        }

        conversation.Add("user", _prompt);
        return null;
    }
}
