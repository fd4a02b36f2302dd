using System.Collections.Immutable;
using System.Linq;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>The tools that a request offers to the model.</summary>
/// <param name="Names">In their order; empty when there is none.</param>
/// <param name="Definitions">Each tool as the client wrote it.</param>
internal sealed record ToolSet(ImmutableArray<string> Names, ImmutableArray<string> Definitions)
{
    public static ToolSet None { get; } = new([], []);

    /// <summary>The array that travels, or empty.</summary>
    public string Json => Names.IsEmpty ? "" : $"[{string.Join(',', Definitions)}]";

    public ToolSet Only(ImmutableHashSet<string> names) => new(
        Names.RemoveAll(name => !names.Contains(name)),
        [.. Definitions.Where((_, index) => names.Contains(Names[index]))]);
}
