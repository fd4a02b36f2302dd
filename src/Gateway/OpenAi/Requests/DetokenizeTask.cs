using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>The body of llama-server's <c>POST /detokenize</c>.</summary>
internal sealed class DetokenizeTask : TextTask
{
    private List<TextInput> _inputs = [];

    public DetokenizeTask(JsonElement body)
    {
        Error = ReadAll(body);
    }

    public override bool NeedsModel => false;

    public override string LargeParam => "tokens";

    public override IGenerationReply NewReply() => new DetokenizeReply();

    protected override ApiError? Read(string name, JsonElement value)
    {
        if (name != "tokens")
        {
            return ApiError.Unknown(name);
        }

        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0)
        {
            _inputs = [new TextInput()];
            return null;
        }

        return TextInputs.Read(value, name, inputsMax: 1, out _inputs)
            ?? (_inputs[0].Tokens.Count > 0 ? null : ApiError.WrongType(name, "an array of tokens", Parameters.Describe(value)));
    }

    protected override ApiError? CheckWhole()
    {
        if (_inputs.Count == 0)
        {
            return ApiError.Missing("tokens");
        }

        Generate.Tokenization = new TokenizationTask { Input = _inputs[0] };
        return null;
    }
}
