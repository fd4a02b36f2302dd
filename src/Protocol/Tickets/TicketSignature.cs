using System;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Protocol.Tickets;

/// <summary>The signature of a ticket's body.</summary>
internal static class TicketSignature
{
    internal const int Size = LowSignature.Size;

    private static ReadOnlySpan<byte> Label => "darkbloom/ticket/v1\0"u8;

    internal static byte[] Sign(ECDsa key, ReadOnlySpan<byte> body) => LowSignature.Sign(key, Label, body);

    internal static bool IsValid(ECDsa key, ReadOnlySpan<byte> body, ReadOnlySpan<byte> signature) =>
        LowSignature.IsValid(key, Label, body, signature);
}
