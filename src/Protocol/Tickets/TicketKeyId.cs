using System;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Protocol.Tickets;

/// <summary>
/// The 4 bytes by which a signature names the key that made it: a hint for finding it, never a proof.
/// </summary>
internal static class TicketKeyId
{
    internal static void Write(PublicKey ticketKey, Span<byte> target)
    {
        ReadOnlySpan<byte> label = "darkbloom/ticket-key/v1\0"u8;
        Span<byte> input = stackalloc byte[label.Length + PublicKey.Size];
        label.CopyTo(input);
        ticketKey.Write(input[label.Length..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        hash[..TicketEnvelope.KeyIdSize].CopyTo(target);
    }
}
