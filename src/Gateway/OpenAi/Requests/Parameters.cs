using System.Globalization;
using System.Text.Json;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads single JSON values strictly; each method returns what is wrong, or null and the value.</summary>
internal static class Parameters
{
    public static ApiError? ReadString(JsonElement value, string param, out string text)
    {
        text = "";
        if (value.ValueKind != JsonValueKind.String)
        {
            return ApiError.WrongType(param, "a string", Describe(value));
        }

        text = value.GetString()!;
        return null;
    }

    public static ApiError? ReadString(JsonElement value, string param, int charsMax, out string text)
    {
        ApiError? error = ReadString(value, param, out text);
        if (error is not null)
        {
            return error;
        }

        if (text.Length == 0)
        {
            return ApiError.Empty(param, "string");
        }

        return text.Length > charsMax ? ApiError.TooLong(param, "string", charsMax) : null;
    }

    public static ApiError? ReadBoolean(JsonElement value, string param, out bool flag)
    {
        flag = value.ValueKind == JsonValueKind.True;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? null
            : ApiError.WrongType(param, "a boolean", Describe(value));
    }

    /// <summary>Also takes 5.0 for 5, as clients whose only number is a double send it.</summary>
    public static ApiError? ReadInteger(JsonElement value, string param, long min, long max, out long number)
    {
        number = 0;
        if (value.ValueKind != JsonValueKind.Number)
        {
            return ApiError.WrongType(param, "an integer", Describe(value));
        }

        if (!value.TryGetInt64(out number))
        {
            if (!value.TryGetDouble(out double real) || !double.IsInteger(real))
            {
                return ApiError.WrongType(param, "an integer", "a decimal number");
            }

            // 2^63 itself is a double, and the first one that a long cannot hold.
            if (real is < long.MinValue or >= 9223372036854775808.0)
            {
                return OutOfRange(param, "integer", real > 0, Format(real > 0 ? max : min));
            }

            number = (long)real;
        }

        return number < min || number > max
            ? OutOfRange(param, "integer", number > max, Format(number > max ? max : min))
            : null;
    }

    public static ApiError? ReadNumber(JsonElement value, string param, double min, double max, out double number)
    {
        number = 0;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out number))
        {
            return ApiError.WrongType(param, "a decimal number", Describe(value));
        }

        return number < min || number > max
            ? OutOfRange(param, "decimal", number > max, Format(number > max ? max : min))
            : null;
    }

    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => value.TryGetInt64(out _) ? "an integer" : "a decimal number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };

    public static string At(string param, int index) => string.Create(CultureInfo.InvariantCulture, $"{param}[{index}]");

    private static ApiError OutOfRange(string param, string kind, bool above, string bound) =>
        ApiError.Invalid(
            $"Invalid '{param}': {kind} {(above ? "above maximum" : "below minimum")} value. Expected a value {(above ? "<=" : ">=")} {bound}.",
            param,
            $"{kind}_{(above ? "above_max" : "below_min")}_value");

    private static string Format(double number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Format(long number) => number.ToString(CultureInfo.InvariantCulture);
}
