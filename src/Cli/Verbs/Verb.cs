using System.Collections.Immutable;
using System.CommandLine;

namespace Darkbloom.Cli.Verbs;

/// <summary>A command whose help ends with examples.</summary>
internal sealed class Verb(string name, string description) : Command(name, description)
{
    public ImmutableArray<Example> Examples { get; init; } = [];
}

/// <summary>A command line that works as it stands, and what it is for.</summary>
internal sealed record Example(string CommandLine, string Purpose);
