namespace Darkbloom.Mesh.Transport;

/// <summary>Strict priorities of streams on one connection, most urgent first; the opener chooses for both directions.</summary>
/// <remarks>A more urgent stream goes first always, except that bulk keeps a tenth of what the path carries.</remarks>
public enum StreamPriority
{
    Control = 0,
    Tokens = 1,
    Prompts = 2,
    Bulk = 3,
}
