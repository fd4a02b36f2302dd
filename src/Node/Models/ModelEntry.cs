namespace Darkbloom.Node.Models;

/// <summary>A model that this machine can load, as its catalogue knows it.</summary>
/// <param name="Path">Absolute path of the GGUF file.</param>
/// <param name="Sha256">Hexadecimal; what the file had when it was added.</param>
/// <param name="ContextTokens">What the model was trained with.</param>
/// <param name="Architecture">As llama.cpp names it.</param>
public sealed record ModelEntry(
    string Id, string Path, string Sha256, long SizeBytes, long ContextTokens, string Architecture, ulong Parameters);

/// <summary>Where the file of an added model lies afterwards.</summary>
public enum ModelPlacement
{
    /// <summary>Where it was; the catalogue remembers its path.</summary>
    InPlace,

    /// <summary>In the catalogue's own folder, as a copy.</summary>
    Copied,
}

/// <summary>What became of a model's file since it was added.</summary>
public enum ModelCondition
{
    Intact,

    /// <summary>The file is gone.</summary>
    Missing,

    /// <summary>The file has other bytes.</summary>
    Changed,
}
