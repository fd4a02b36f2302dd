using System;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Darkbloom.Cli.Roles;

/// <summary>One line that a role writes with <c>--events</c>: what <c>up</c>, or any other supervisor, follows it by.</summary>
internal sealed record RoleEvent
{
    private const int LineCharactersMax = 16 * 1024;

    public required RoleState Event { get; init; }

    public required Role Role { get; init; }

    public required int Pid { get; init; }

    /// <summary>Where it listens: UDP for a node and a rendezvous, HTTP for a gateway.</summary>
    public string? Address { get; init; }

    /// <summary>The peer's short id.</summary>
    public string? Id { get; init; }

    /// <summary>What other peers pass as <c>--rendezvous</c>; only a rendezvous says it.</summary>
    public string? Join { get; init; }

    public string? Model { get; init; }

    /// <summary>For people: why it failed.</summary>
    public string? Detail { get; init; }

    public string ToLine() => JsonSerializer.Serialize(this, RoleEventJson.Default.RoleEvent);

    /// <summary>Reads a line; false for anything that is no event, since a child's output is not to be trusted blindly.</summary>
    public static bool TryParse(string line, out RoleEvent? parsed)
    {
        parsed = null;
        if (line.Length > LineCharactersMax || !line.StartsWith('{'))
        {
            return false;
        }

        try
        {
            parsed = JsonSerializer.Deserialize(line, RoleEventJson.Default.RoleEvent);
            return parsed is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(LowerCaseConverter<Role>), typeof(LowerCaseConverter<RoleState>)],
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RoleEvent))]
internal sealed partial class RoleEventJson : JsonSerializerContext;

/// <summary>Writes <c>Ready</c> as <c>"ready"</c>; a number is no state.</summary>
internal sealed class LowerCaseConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
