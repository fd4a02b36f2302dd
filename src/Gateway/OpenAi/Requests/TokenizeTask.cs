using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>The body of llama-server's <c>POST /tokenize</c>.</summary>
internal sealed class TokenizeTask : TextTask
{
    private readonly TextInput _input = new();
    private bool _hasContent;
    private bool _addsSpecial;
    private bool _withPieces;

    public TokenizeTask(JsonElement body)
    {
        Error = ReadAll(body);
    }

    public override bool NeedsModel => false;

    public override string LargeParam => "content";

    public override IGenerationReply NewReply() => new TokenizeReply(_withPieces);

    protected override ApiError? Read(string name, JsonElement value)
    {
        ApiError? error;
        switch (name)
        {
            case "content":
                error = Parameters.ReadString(value, name, out string content);
                _input.Text = content;
                _hasContent = true;
                return error;
            case "add_special":
                return Parameters.ReadBoolean(value, name, out _addsSpecial);
            case "parse_special":
                error = Parameters.ReadBoolean(value, name, out bool parses);
                _input.IsPlain = !parses;
                return error;
            case "with_pieces":
                return Parameters.ReadBoolean(value, name, out _withPieces);
            default:
                return ApiError.Unknown(name);
        }
    }

    protected override ApiError? CheckWhole()
    {
        Generate.Tokenization = new TokenizationTask { Input = _input, AddsSpecial = _addsSpecial };
        return _hasContent ? null : ApiError.Missing("content");
    }
}
