namespace Darkbloom.Node.Models;

/// <summary>What the header of a whisper.cpp model says; the weights aren't read.</summary>
/// <param name="TextTokens">Tokens that a window's text and its prompt may have together.</param>
public sealed record WhisperFile(int VocabularySize, int AudioLayers, int TextLayers, int TextTokens, ulong Parameters)
{
    public const string Architecture = "whisper";
}
