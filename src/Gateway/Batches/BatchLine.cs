using System;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Batches;

/// <summary>One request of a batch.</summary>
/// <param name="Index">Counted from 0.</param>
/// <param name="Model">Empty when the body names none: what is wrong with the body is the line's own answer.</param>
internal sealed record BatchLine(int Index, string CustomId, string Model, ReadOnlyMemory<byte> Body)
{
    public const int CustomIdCharsMax = 512;

    /// <summary>Returns what is wrong with the line, or null and its request.</summary>
    /// <param name="text">A line of the input file; what the request holds of it is copied.</param>
    public static BatchFault? TryRead(int index, ReadOnlyMemory<byte> text, string endpoint, out BatchLine? line)
    {
        line = null;
        if (JsonBody.Parse(text, out JsonDocument? document) is { } error)
        {
            return new BatchFault("invalid_json_line", error.Message, error.Param, index + 1);
        }

        using (document)
        {
            JsonElement root = document!.RootElement;
            string customId = "";
            string method = "";
            string url = "";
            ApiError? wrong = ReadText(root, "custom_id", out customId) ?? ReadText(root, "method", out method) ?? ReadText(root, "url", out url);
            wrong ??= customId.Length > CustomIdCharsMax ? ApiError.TooLong("custom_id", "string", CustomIdCharsMax)
                : method != "POST" ? ApiError.InvalidValue("method", method, "'POST'")
                : url != endpoint ? ApiError.InvalidValue("url", url, $"'{endpoint}', the batch's own endpoint")
                : null;
            if (wrong is not null)
            {
                return new BatchFault(wrong.Code!, wrong.Message, wrong.Param, index + 1);
            }

            if (!ToolParser.IsPresent(root, "body", out JsonElement body) || body.ValueKind != JsonValueKind.Object)
            {
                return new BatchFault("missing_required_parameter", "Missing required parameter: 'body', an object.", "body", index + 1);
            }

            string model = body.TryGetProperty("model", out JsonElement named) && named.ValueKind == JsonValueKind.String ? named.GetString()! : "";
            line = new BatchLine(index, customId, model, System.Text.Encoding.UTF8.GetBytes(body.GetRawText()));
            return null;
        }
    }

    private static ApiError? ReadText(JsonElement root, string name, out string text)
    {
        text = "";
        return !ToolParser.IsPresent(root, name, out JsonElement value) ? ApiError.Missing(name)
            : Parameters.ReadString(value, name, out text) ?? (text.Length == 0 ? ApiError.Empty(name, "string") : null);
    }
}
