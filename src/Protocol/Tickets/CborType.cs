namespace Darkbloom.Protocol.Tickets;

/// <summary>CBOR's major types (RFC 8949, section 3.1), as far as deterministic tickets use them.</summary>
internal enum CborType
{
    Unsigned = 0,
    Negative = 1,
    Bytes = 2,
    Text = 3,
    Array = 4,
    Map = 5,
}
