namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>What one side allows the other of streams and bytes.</summary>
/// <param name="ConnectionBytes">MAX_DATA at the start.</param>
/// <param name="StreamBytes">MAX_STREAM_DATA of each stream at its start.</param>
/// <param name="Bidirectional">MAX_STREAMS of bidirectional streams at the start.</param>
/// <param name="Unidirectional">The same of unidirectional ones.</param>
internal readonly record struct StreamLimits(ulong ConnectionBytes, ulong StreamBytes, ulong Bidirectional, ulong Unidirectional);
