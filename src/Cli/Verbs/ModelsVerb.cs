using Darkbloom.Cli.Consoles;

namespace Darkbloom.Cli.Verbs;

/// <summary><c>darkbloom models</c>: the models that a node on this machine can serve.</summary>
internal static class ModelsVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("models", "List, verify and add models that a node on this machine can serve.")
        {
            Examples =
            [
                new("darkbloom models", "list them"),
                new("darkbloom models verify", "compare every file with its SHA-256"),
                new("darkbloom models add ./llama-3.2-1b-q8_0.gguf", "add a file from disk"),
            ],
        };
        _ = terminal;
        return verb;
    }
}
