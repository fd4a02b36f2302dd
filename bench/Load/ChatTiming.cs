using System.Collections.Generic;

namespace Darkbloom.Bench.Load;

/// <summary>One streamed answer as its client saw it.</summary>
/// <param name="Pieces">When each piece of text came, in milliseconds since the request was sent.</param>
/// <param name="Tokens">Completion tokens, as the answer's usage states them.</param>
internal readonly record struct ChatTiming(IReadOnlyList<double> Pieces, int Tokens)
{
    public double FirstTokenMs => Pieces[0];

    public double DecodeMs => Pieces[^1] - Pieces[0];
}
