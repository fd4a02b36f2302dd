using System.Text.Json;
using Darkbloom.Protocol.Constraints;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads <c>response_format</c> into the schema that the output must obey.</summary>
internal static class ResponseFormatParser
{
    public const int SchemaNameCharsMax = 64;

    private const string Param = "response_format";

    /// <summary>What <c>json_object</c> asks for.</summary>
    private const string AnyObjectSchema = """{"type":"object"}""";

    /// <summary>Returns what is wrong with the format, or null and the schema, which is empty for plain text.</summary>
    public static ApiError? Parse(JsonElement value, out string schema)
    {
        schema = "";
        if (value.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(Param, "an object", Parameters.Describe(value));
        }

        if (!value.TryGetProperty("type", out JsonElement typeElement))
        {
            return ApiError.Missing($"{Param}.type");
        }

        if (Parameters.ReadString(typeElement, $"{Param}.type", out string type) is { } error)
        {
            return error;
        }

        switch (type)
        {
            case "text":
                return ToolParser.CheckObject(value, Param, ["type"]);
            case "json_object":
                schema = AnyObjectSchema;
                return ToolParser.CheckObject(value, Param, ["type"]);
            case "json_schema":
                return ToolParser.CheckObject(value, Param, ["type", "json_schema"]) ?? ReadSchema(value, out schema);
            default:
                return ApiError.InvalidValue($"{Param}.type", type, "'text', 'json_object' and 'json_schema'");
        }
    }

    private static ApiError? ReadSchema(JsonElement format, out string schema)
    {
        const string SchemaParam = $"{Param}.json_schema";
        schema = "";
        if (!format.TryGetProperty("json_schema", out JsonElement value))
        {
            return ApiError.Missing(SchemaParam);
        }

        if (ToolParser.CheckObject(value, SchemaParam, ["name", "description", "schema", "strict"]) is { } error)
        {
            return error;
        }

        if (!value.TryGetProperty("name", out JsonElement nameElement))
        {
            return ApiError.Missing($"{SchemaParam}.name");
        }

        ApiError? nameError = Parameters.ReadString(nameElement, $"{SchemaParam}.name", SchemaNameCharsMax, out string name);
        if (nameError is not null || !ToolParser.IsName(name))
        {
            return nameError ?? ApiError.Invalid(
                $"Invalid '{SchemaParam}.name': letters, digits, '_' and '-' only.", $"{SchemaParam}.name", "invalid_value");
        }

        if (CheckOptional(value, SchemaParam) is { } optionalError)
        {
            return optionalError;
        }

        if (!ToolParser.IsPresent(value, "schema", out JsonElement schemaElement))
        {
            return ApiError.Missing($"{SchemaParam}.schema");
        }

        if (schemaElement.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType($"{SchemaParam}.schema", "an object", Parameters.Describe(schemaElement));
        }

        if (OutputSchema.FindFault(schemaElement) is { } fault)
        {
            return ApiError.Invalid(
                $"Invalid schema for response_format '{name}': {fault.Reason}.",
                fault.Path.Length == 0 ? $"{SchemaParam}.schema" : $"{SchemaParam}.schema.{fault.Path}",
                "invalid_json_schema");
        }

        schema = schemaElement.GetRawText();
        return null;
    }

    /// <summary>The output obeys its schema whether or not <c>strict</c> asks for it.</summary>
    private static ApiError? CheckOptional(JsonElement value, string param)
    {
        if (ToolParser.IsPresent(value, "description", out JsonElement description)
            && Parameters.ReadString(description, $"{param}.description", out _) is { } error)
        {
            return error;
        }

        return ToolParser.IsPresent(value, "strict", out JsonElement strict)
            ? Parameters.ReadBoolean(strict, $"{param}.strict", out _)
            : null;
    }
}
