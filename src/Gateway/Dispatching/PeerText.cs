using System;
using Darkbloom.Mesh.Dispatch;

namespace Darkbloom.Gateway.Dispatching;

/// <summary>Makes what a stranger wrote for people fit to be shown to them.</summary>
internal static class PeerText
{
    /// <summary>The text without control characters and cut to its limit; null when nothing is left.</summary>
    public static string? Clean(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string cut = text.Length > InferenceLimits.DetailCharsMax ? text[..InferenceLimits.DetailCharsMax] : text;
        string clean = string.Create(cut.Length, cut, static (target, source) =>
        {
            for (int i = 0; i < target.Length; i++)
            {
                target[i] = char.IsControl(source[i]) || char.IsSurrogate(source[i]) ? ' ' : source[i];
            }
        });
        return string.IsNullOrWhiteSpace(clean) ? null : clean.Trim();
    }
}
