using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Peering;

/// <summary>What an answered session needs until its initiator confirms it.</summary>
/// <param name="Response">Sent again, as it is, when the Init comes again: the answer was lost on its way.</param>
/// <param name="InitDigest">Recognizes the Init, for as long as the session lives.</param>
internal sealed record HalfOpenState(byte[] Response, UInt256 InitDigest, Instant ConfirmBy);
