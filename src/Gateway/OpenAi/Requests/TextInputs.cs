using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads OpenAI's four forms of input: a text, texts, tokens, arrays of tokens.</summary>
internal static class TextInputs
{
    /// <summary>Returns what is wrong with the value, or null and at least one input.</summary>
    public static ApiError? Read(JsonElement value, string param, int inputsMax, out List<TextInput> inputs)
    {
        inputs = [];
        if (value.ValueKind != JsonValueKind.Array)
        {
            return value.ValueKind == JsonValueKind.String
                ? Add(value, param, inputs)
                : ApiError.WrongType(param, "a string, an array of strings, of tokens or of arrays of tokens", Parameters.Describe(value));
        }

        int count = value.GetArrayLength();
        if (count == 0)
        {
            return ApiError.Empty(param, "array");
        }

        if (value[0].ValueKind == JsonValueKind.Number)
        {
            return Add(value, param, inputs);
        }

        if (count > inputsMax)
        {
            return ApiError.TooLong(param, "array", inputsMax);
        }

        foreach (JsonElement item in value.EnumerateArray())
        {
            if (Add(item, Parameters.At(param, inputs.Count), inputs) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static ApiError? Add(JsonElement value, string param, List<TextInput> inputs)
    {
        TextInput input = new();
        inputs.Add(input);
        if (value.ValueKind == JsonValueKind.String)
        {
            input.Text = value.GetString();
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(param, "a string or an array of tokens", Parameters.Describe(value));
        }

        foreach (JsonElement token in value.EnumerateArray())
        {
            string tokenParam = string.Create(CultureInfo.InvariantCulture, $"{param}[{input.Tokens.Count}]");
            if (Parameters.ReadInteger(token, tokenParam, 0, int.MaxValue, out long id) is { } error)
            {
                return error;
            }

            input.Tokens.Add((uint)id);
        }

        return input.Tokens.Count == 0 ? ApiError.Empty(param, "array") : null;
    }
}
