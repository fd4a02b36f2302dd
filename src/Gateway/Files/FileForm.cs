using System;
using System.Collections.Generic;
using System.Globalization;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Audio;

namespace Darkbloom.Gateway.Files;

/// <summary>The fields beside an uploaded file, checked.</summary>
/// <param name="Lifetime">Null: the file stays until it is deleted.</param>
internal sealed record FileForm(string Purpose, TimeSpan? Lifetime)
{
    public const string BatchPurpose = "batch";

    public const int LifetimeSecondsMin = 3600;

    public const int LifetimeSecondsMax = 2_592_000;

    private const string AnchorField = "expires_after[anchor]";
    private const string SecondsField = "expires_after[seconds]";
    private const string Purposes = "'assistants', 'batch', 'fine-tune', 'vision', 'user_data' and 'evals'";

    /// <returns>What is wrong with the form, or null and its fields.</returns>
    public static ApiError? TryRead(MultipartForm form, out FileForm? read)
    {
        read = null;
        Dictionary<string, string> fields = [];
        foreach ((string name, string value) in form.Fields)
        {
            if (!fields.TryAdd(name, value))
            {
                return ApiError.Invalid($"The field '{ApiError.Echo(name)}' appears twice.", ApiError.Echo(name), "duplicate_key");
            }

            if (name is not ("purpose" or AnchorField or SecondsField))
            {
                return ApiError.Unknown(name);
            }
        }

        if (!fields.TryGetValue("purpose", out string? purpose))
        {
            return ApiError.Missing("purpose");
        }

        if (purpose is not ("assistants" or BatchPurpose or "fine-tune" or "vision" or "user_data" or "evals"))
        {
            return ApiError.InvalidValue("purpose", purpose, Purposes);
        }

        // What was uploaded for a batch isn't meant to stay.
        TimeSpan? lifetime = purpose == BatchPurpose ? TimeSpan.FromSeconds(LifetimeSecondsMax) : null;
        ApiError? error = form.HasFile ? ReadLifetime(fields, ref lifetime) : ApiError.Missing(MultipartForm.FileName);
        read = new FileForm(purpose, lifetime);
        return error;
    }

    private static ApiError? ReadLifetime(Dictionary<string, string> fields, ref TimeSpan? lifetime)
    {
        bool hasAnchor = fields.TryGetValue(AnchorField, out string? anchor);
        bool hasSeconds = fields.TryGetValue(SecondsField, out string? text);
        if (!hasAnchor && !hasSeconds)
        {
            return null;
        }

        if (!hasAnchor || !hasSeconds)
        {
            return ApiError.Missing(hasAnchor ? SecondsField : AnchorField);
        }

        if (anchor != "created_at")
        {
            return ApiError.InvalidValue(AnchorField, anchor!, "'created_at'");
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) || seconds is < LifetimeSecondsMin or > LifetimeSecondsMax)
        {
            return ApiError.Invalid(
                $"Invalid '{SecondsField}': expected an integer from {LifetimeSecondsMin} to {LifetimeSecondsMax}.", SecondsField, "invalid_value");
        }

        lifetime = TimeSpan.FromSeconds(seconds);
        return null;
    }
}
