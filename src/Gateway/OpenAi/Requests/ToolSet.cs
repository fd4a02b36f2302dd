using System.Collections.Immutable;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>The tools that a request offers to the model.</summary>
/// <param name="Json">The array as the client wrote it, or empty when there is none.</param>
internal sealed record ToolSet(string Json, ImmutableHashSet<string> Names)
{
    public static ToolSet None { get; } = new("", []);
}
