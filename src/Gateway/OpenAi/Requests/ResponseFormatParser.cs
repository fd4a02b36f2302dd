using System.Text.Json;
using Darkbloom.Protocol.Constraints;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads <c>response_format</c> into the schema that the output must obey.</summary>
internal static class ResponseFormatParser
{
    public const int SchemaNameCharsMax = 64;

    private const string Param = "response_format";

    /// <summary>What <c>json_object</c> asks for.</summary>
    public const string AnyObjectSchema = """{"type":"object"}""";

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
        return !format.TryGetProperty("json_schema", out JsonElement value)
            ? ApiError.Missing(SchemaParam)
            : ToolParser.CheckObject(value, SchemaParam, ["name", "description", "schema", "strict"])
                ?? ReadNamed(value, SchemaParam, out schema);
    }

    /// <summary>Reads the schema of an object whose keys are known, with its name and what goes with it.</summary>
    public static ApiError? ReadNamed(JsonElement value, string param, out string schema)
    {
        schema = "";
        if (!value.TryGetProperty("name", out JsonElement nameElement))
        {
            return ApiError.Missing($"{param}.name");
        }

        ApiError? nameError = Parameters.ReadString(nameElement, $"{param}.name", SchemaNameCharsMax, out string name);
        if (nameError is not null || !ToolParser.IsName(name))
        {
            return nameError ?? ApiError.Invalid(
                $"Invalid '{param}.name': letters, digits, '_' and '-' only.", $"{param}.name", "invalid_value");
        }

        if (CheckOptional(value, param) is { } optionalError)
        {
            return optionalError;
        }

        if (!ToolParser.IsPresent(value, "schema", out JsonElement schemaElement))
        {
            return ApiError.Missing($"{param}.schema");
        }

        if (schemaElement.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType($"{param}.schema", "an object", Parameters.Describe(schemaElement));
        }

        schema = schemaElement.GetRawText();
        return CheckSchema(schemaElement, $"{param}.schema", name);
    }

    /// <summary>Names the place in a schema that output can't be held to, or returns null.</summary>
    public static ApiError? CheckSchema(JsonElement schema, string param, string name) => OutputSchema.FindFault(schema) is { } fault
        ? ApiError.Invalid(
            $"Invalid schema for response_format '{name}': {fault.Reason}.",
            fault.Path.Length == 0 ? param : $"{param}.{fault.Path}",
            "invalid_json_schema")
        : null;

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
