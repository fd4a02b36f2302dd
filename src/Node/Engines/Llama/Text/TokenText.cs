using System;
using System.Collections.Generic;

namespace Darkbloom.Node.Engines.Llama.Text;

/// <summary>Turns one choice's tokens into the text that may be shown: whole characters, and nothing of a stop string.</summary>
internal sealed class TokenText(LlamaModel model, IReadOnlySet<int> preserved, IReadOnlyCollection<string> stops)
{
    private const int PieceBytesUsual = 256;

    private readonly PieceDecoder _decoder = new();
    private readonly StopBuffer _stops = new(stops);
    private byte[] _piece = new byte[PieceBytesUsual];

    /// <summary>True once a stop string was found; nothing may be appended from then on.</summary>
    public bool IsStopped => _stops.IsStopped;

    /// <summary>Takes the next token and returns what may be shown now.</summary>
    public string Append(int token)
    {
        int bytes = model.Piece(token, preserved.Contains(token), ref _piece);
        return _stops.Append(_decoder.Append(_piece.AsSpan(0, bytes)));
    }

    /// <summary>The choice ended: what was held back, unless it belongs to a stop string.</summary>
    public string Finish() => IsStopped ? "" : _stops.Append(_decoder.Finish()) + _stops.Finish();
}
