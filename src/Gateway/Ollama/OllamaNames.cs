using System;
using Darkbloom.Gateway.OpenAi;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Model names as Ollama's clients write them: with a tag, of which <c>latest</c> says nothing.</summary>
internal static class OllamaNames
{
    private const string Latest = ":latest";

    /// <summary>The name that the mesh knows.</summary>
    public static string Resolve(string name, ModelsEndpoint models) =>
        name.EndsWith(Latest, StringComparison.Ordinal) && !models.Knows(name) ? name[..^Latest.Length] : name;
}
