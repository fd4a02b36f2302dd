using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Responses;

/// <summary>Reads <c>text</c>: the form that the answer must have.</summary>
internal static class ResponseText
{
    private const string FormatParam = "text.format";

    /// <summary>Returns what is wrong, or null and the schema, which is empty for plain text.</summary>
    public static ApiError? Read(JsonElement value, out string schema)
    {
        schema = "";
        if (ToolParser.CheckObject(value, "text", ["format", "verbosity"]) is { } error)
        {
            return error;
        }

        if (ToolParser.IsPresent(value, "verbosity", out JsonElement verbosity))
        {
            ApiError? verbosityError = Parameters.ReadString(verbosity, "text.verbosity", out string level)
                ?? (level == "medium" ? null : ApiError.UnsupportedValue("text.verbosity", "Send \"medium\" or remove it."));
            if (verbosityError is not null)
            {
                return verbosityError;
            }
        }

        return ToolParser.IsPresent(value, "format", out JsonElement format) ? ReadFormat(format, out schema) : null;
    }

    private static ApiError? ReadFormat(JsonElement format, out string schema)
    {
        schema = "";
        if (format.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(FormatParam, "an object", Parameters.Describe(format));
        }

        if (!format.TryGetProperty("type", out JsonElement typeElement))
        {
            return ApiError.Missing($"{FormatParam}.type");
        }

        if (Parameters.ReadString(typeElement, $"{FormatParam}.type", out string type) is { } error)
        {
            return error;
        }

        switch (type)
        {
            case "text":
                return ToolParser.CheckObject(format, FormatParam, ["type"]);
            case "json_object":
                schema = ResponseFormatParser.AnyObjectSchema;
                return ToolParser.CheckObject(format, FormatParam, ["type"]);
            case "json_schema":
                return ToolParser.CheckObject(format, FormatParam, ["type", "name", "description", "schema", "strict"])
                    ?? ResponseFormatParser.ReadNamed(format, FormatParam, out schema);
            default:
                return ApiError.InvalidValue($"{FormatParam}.type", type, "'text', 'json_object' and 'json_schema'");
        }
    }
}
